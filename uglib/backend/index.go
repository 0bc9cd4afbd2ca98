package backend

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// defaultIndex is pip's own.
const defaultIndex = "https://pypi.org/simple"

// pipConfig is what pip's configuration says about where packages come from.
type pipConfig struct {
	indexes []string // addresses, the main one first
	cert    string   // file of certificates to trust, "" for the system's
}

// readPipConfig reads pip's configuration as pip does: its files, the later
// ones winning, and then its environment variables.
func readPipConfig() (pipConfig, error) {
	settings := map[string]string{}
	for _, path := range pipFiles() {
		if err := readPipFile(path, settings); err != nil {
			return pipConfig{}, err
		}
	}
	for _, key := range []string{"index-url", "extra-index-url", "cert"} {
		if v := os.Getenv("PIP_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))); v != "" {
			settings[key] = v
		}
	}
	c := pipConfig{cert: settings["cert"]}
	c.indexes = append(strings.Fields(cmp.Or(settings["index-url"], defaultIndex)), strings.Fields(settings["extra-index-url"])...)
	return c, nil
}

// etc is where the system's configuration is.
var etc = "/etc"

// pipFiles lists the files that pip's configuration may be in, in pip's order.
func pipFiles() []string {
	given := os.Getenv("PIP_CONFIG_FILE")
	if given == os.DevNull {
		return nil
	}
	const name = "pip.conf"
	dirs := strings.FieldsFunc(cmp.Or(os.Getenv("XDG_CONFIG_DIRS"), filepath.Join(etc, "xdg")), func(r rune) bool { return r == filepath.ListSeparator })
	files := make([]string, 0, len(dirs)+6)
	for i := len(dirs) - 1; i >= 0; i-- {
		files = append(files, filepath.Join(dirs[i], "pip", name))
	}
	files = append(files, filepath.Join(etc, name))
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".pip", name))
	}
	if config, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(config, "pip", name))
	}
	if env := os.Getenv("VIRTUAL_ENV"); env != "" {
		files = append(files, filepath.Join(env, name))
	}
	if given != "" {
		files = append(files, given)
	}
	return files
}

// readPipFile adds the settings of one file, if it is there: those for all
// commands and, before them, those for downloads.
func readPipFile(path string, settings map[string]string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	sections := map[string]map[string]string{"global": {}, "download": {}}
	section, key := map[string]string{}, ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), " \t\r")
		text := strings.TrimSpace(line)
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
		case line[0] == ' ' || line[0] == '\t': // goes on with the value before
			if key != "" {
				section[key] += "\n" + text
			}
		case text[0] == '[':
			if section = sections[strings.ToLower(strings.Trim(text, "[]"))]; section == nil {
				section = map[string]string{}
			}
			key = ""
		default:
			at := strings.IndexAny(text, "=:")
			if at < 0 {
				key = ""
				continue
			}
			key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text[:at])), "_", "-")
			section[key] = strings.TrimSpace(text[at+1:])
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("pip's configuration %s: %w", path, err)
	}
	for _, name := range []string{"global", "download"} {
		for k, v := range sections[name] {
			settings[k] = v
		}
	}
	return nil
}

// client returns a client that trusts what pip trusts, and goes by the proxies
// of the environment.
func (c pipConfig) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = headerWait
	if c.cert != "" {
		pem, err := os.ReadFile(c.cert)
		if err != nil {
			return nil, fmt.Errorf("certificates of pip's configuration: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificates of pip's configuration: none in %s", c.cert)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport}, nil
}

// locate finds the address of the archive in the first index that has it.
func (w wheel) locate(ctx context.Context, client *http.Client, config pipConfig) (*url.URL, error) {
	var errs []error
	for _, index := range config.indexes {
		page, err := url.Parse(strings.TrimRight(index, "/") + "/" + w.project + "/")
		if err != nil {
			errs = append(errs, errors.New("the address of pip's index cannot be read; see PIP_INDEX_URL and pip.conf"))
			continue
		}
		if page.Scheme != "http" && page.Scheme != "https" {
			errs = append(errs, fmt.Errorf("pip's index %s is no address of the web", page.Redacted()))
			continue
		}
		var at *url.URL
		err = retry(ctx, func() (err error) {
			at, err = w.find(ctx, client, page)
			return err
		})
		if err == nil {
			return at, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// find looks the archive up on a page of an index, in either of its forms.
func (w wheel) find(ctx context.Context, client *http.Client, page *url.URL) (*url.URL, error) {
	resp, err := get(ctx, client, page, http.Header{"Accept": {"application/vnd.pypi.simple.v1+json, text/html;q=0.5"}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, indexBytes))
	if err != nil {
		return nil, offline(page, err)
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var links []string
	if strings.HasSuffix(kind, "json") {
		links, err = jsonLinks(data)
		if err != nil {
			return nil, final{fmt.Errorf("%s: %w", page.Redacted(), err)}
		}
	} else {
		links = htmlLinks(data)
	}
	base := resp.Request.URL // after redirects
	for _, link := range links {
		at, err := base.Parse(link)
		if err != nil || at.Path[strings.LastIndexByte(at.Path, '/')+1:] != w.archive.name {
			continue
		}
		at.Fragment = ""
		if at.User == nil && at.Host == base.Host {
			at.User = base.User
		}
		return at, nil
	}
	return nil, final{fmt.Errorf("%s does not list %s", page.Redacted(), w.archive.name)}
}

// jsonLinks gives the addresses of the files on a page in JSON.
func jsonLinks(data []byte) ([]string, error) {
	var page struct {
		Files []struct {
			URL string `json:"url"`
		} `json:"files"`
	}
	if err := json.Unmarshal(data, &page); err != nil {
		return nil, err
	}
	links := make([]string, len(page.Files))
	for i, f := range page.Files {
		links[i] = f.URL
	}
	return links, nil
}

var anchor = regexp.MustCompile(`(?is)<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// htmlLinks gives the addresses on a page in HTML.
func htmlLinks(data []byte) []string {
	var links []string
	for _, m := range anchor.FindAllSubmatch(data, -1) {
		links = append(links, html.UnescapeString(string(m[1])+string(m[2])))
	}
	return links
}
