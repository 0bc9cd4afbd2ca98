package extract

import (
	"bytes"
	"compress/gzip"
	"runtime"
	"strings"
	"testing"
)

// TestXML checks what the lexer makes of odd but sound XML.
func TestXML(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing in it", `<osm/>`, ""},
		{"byte order mark, declaration, doctype", "\ufeff<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE osm SYSTEM \"osm.dtd\"><osm></osm>", ""},
		{"spaces", "<osm >\n<node\n id = '1'\tlat='2'  lon=\"3\" />\r\n</osm >", "n1 3.0000000 2.0000000\n"},
		{"> in a value", `<osm><node id="1" lat="0" lon="0"><tag k="a>b" v="1/>2"/></node></osm>`, "n1 0.0000000 0.0000000 a>b=1/>2\n"},
		{"tags with an end tag", `<osm><node id="1" lat="0" lon="0"><tag k="a" v="b"></tag></node></osm>`, "n1 0.0000000 0.0000000 a=b\n"},
		{"comments and text", `<osm><!-- <node> -->text<![CDATA[<node>]]><way id="1"><!----><nd ref="2"/>x</way></osm>`, "w1 [2]\n"},
		{"other elements", `<osm><meta osm_base="x"/><note>see <b>there</b></note><changeset id="1"><tag k="a" v="b"/></changeset><way id="1"/></osm>`, "w1 []\n"},
		{"no place", `<osm><node id="1"/></osm>`, "n1 NaN NaN\n"},
		{"beyond all places", `<osm><node id="1" lat="1e999" lon="-1e300"/></osm>`, "n1 -1000"},
		{"deleted", `<osm><node id="1" lat="0" lon="0" visible="false"/><way id="2" action="delete"><nd ref="1"/></way><way id="3" visible="true"/></osm>`, "w3 []\n"},
		{"no UTF-8", "<osm><way id='1'><tag k='a' v='\xff\xfe'/></way></osm>", "w1 [] a=\uFFFD\n"},
	} {
		var d dump
		err := scan(t.Context(), strings.NewReader(c.text), xmlPlain, d.handler())
		if err != nil || !strings.HasPrefix(d.String(), c.want) || c.want == "" && d.Len() > 0 {
			t.Errorf("%s: %v: %q, want %q", c.name, err, &d, c.want)
		}
	}
}

func TestXMLFaults(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text", "hello\n", "line 2: unexpected EOF"},
		{"other root", "\n<gpx>", "line 2: <gpx> where <osm> is expected"},
		{"changes", "<osmChange/>", "line 1: files of changes are not supported; apply it"},
		{"not closed", "<osm>\n<way id='1'>\n<nd ref='1'/>\n", "line 4: <way> is not closed: unexpected EOF"},
		{"cut within a tag", "<osm>\n<way id='1", "line 2: unexpected EOF"},
		{"wrongly closed", "<osm><way id='1'></osm>", "line 1: </osm> closes nothing"},
		{"closed twice", "<osm></osm></osm>", "line 1: </osm> closes nothing"},
		{"no id", "<osm>\n<way/></osm>", "line 2: <way> without id"},
		{"id beyond 64 bits", "<osm><way id='9223372036854775808'/></osm>", `line 1: <way>: id "9223372036854775808" is no 64-bit integer`},
		{"latitude of text", "<osm><node id='1' lat='x' lon='0'/></osm>", `line 1: <node>: lat "x" is no number`},
		{"nd without ref", "<osm><way id='1'><nd/></way></osm>", "<nd> without ref"},
		{"tag without v", "<osm><way id='1'><tag k='a'/></way></osm>", "way 1: <tag> without v"},
		{"member of no type", "<osm><relation id='1'><member ref='2'/></relation></osm>", `relation 1: member 2 has the type ""`},
		{"unknown entity", "<osm><way id='1'><tag k='&a;' v='b'/></way></osm>", `<tag>: k: unknown entity "&a;"`},
		{"no entity", "<osm><way id='1'><tag k='a & b' v='b'/></way></osm>", "& begins no entity"},
		{"character 0", "<osm><way id='1'><tag k='&#0;' v='b'/></way></osm>", `unknown entity "&#0;"`},
		{"value without quotes", "<osm><way id=1/></osm>", "the value of id stands in no quotes"},
		{"attribute without a value", "<osm><way id/></osm>", `attribute "id" has no value`},
		{"< in a value", "<osm><way id='<'/></osm>", "< in the value of id"},
		{"no tag", "<osm>< way/></osm>", `"< way/></osm>" is no tag`},
		{"declared entities", `<!DOCTYPE osm [<!ENTITY a "aaa">]><osm/>`, "a document type with declarations"},
		{"Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?><osm/>`, "XML in another encoding than UTF-8 is not supported; turn it with iconv"},
		{"deep", strings.Repeat("<osm>", 65), "64 deep"},
		{"long tag", "<osm a='" + strings.Repeat("x", 2*maxTag), "a tag of more than 1048576 bytes"},
		{"endless comment", "<osm><!-- ", "unexpected EOF"},
		{"unknown declaration", "<osm><!WHAT></osm>", `is no XML`},
	} {
		err := scan(t.Context(), strings.NewReader(c.text), xmlPlain, new(dump).handler())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for _, kind := range []format{xmlGzip, xmlBzip2} {
		if err := scan(t.Context(), strings.NewReader("<osm></osm>"), kind, Handler{}); err == nil {
			t.Errorf("format %d takes plain XML", kind)
		}
	}
}

// TestGzipBomb checks that what is passed over takes no memory.
func TestGzipBomb(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for _, part := range []string{"<osm>", "<!--", "-->", "<way id='1'/></osm>"} {
		_, _ = z.Write([]byte(part))
		_, _ = z.Write(make([]byte, 64<<20))
	}
	_ = z.Close()
	var d dump
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := scan(t.Context(), &b, xmlGzip, d.handler())
	runtime.ReadMemStats(&after)
	if err != nil || d.String() != "w1 []\n" {
		t.Errorf("%v: %s", err, &d)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("256 MiB of nothing took %d MiB", grown>>20)
	}
}
