package endpoint

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGood(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Second)
			good(w)
		})
		w := newWork(t, e, 9)
		w.cfg.Detail = "low"
		start := time.Now()
		c := w.must(t)
		if took := time.Since(start); took != 9*time.Second { // 9 views, 4 at a time, 3 s each
			t.Errorf("9 views took %v, want 9s", took)
		}
		if e.mostAtOnce != 4 || e.count() != 9 || statuses(c)[OK] != 9 {
			t.Errorf("%d requests, %d at once, %v", e.count(), e.mostAtOnce, statuses(c))
		}
		x, ok := c.Of(700000000000003)
		if !ok || x.Text != "A wide street." || x.Summary != "This is Market Street." || x.PromptTokens != 1000 || x.CompletionTokens != 200 || x.Answer != "" {
			t.Errorf("caption = %+v", x)
		}
		if _, ok := c.Of(1); ok {
			t.Error("a view that is none has a caption")
		}
		a := e.asked[0]
		if a.header.Get("Authorization") != "Bearer "+secret || a.body["model"] != "eye" || a.body["temperature"] != 0.2 || a.body["max_tokens"] != 1300.0 {
			t.Errorf("request = %v %v", a.header, a.body)
		}
		if !strings.Contains(fmt.Sprint(a.body["messages"]), "detail:low") || !strings.Contains(a.prompt, "Market Street runs along Rose Park") {
			t.Errorf("prompt = %s", a.prompt)
		}
		data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(a.image, "data:image/jpeg;base64,"))
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil || img.Bounds().Dx() != 128 || img.Bounds().Dy() != 85 {
			t.Errorf("the image is %v, %v", img.Bounds(), err)
		}
		// A second run asks nothing.
		if again := w.must(t); e.count() != 9 || len(again.All()) != 9 || again.All()[4] != c.All()[4] {
			t.Errorf("%d requests after the second run", e.count())
		}
		w.cfg.Temperature = Greedy
		if w.must(t); e.count() != 18 || e.asked[17].body["temperature"] != 0.0 {
			t.Errorf("%d requests, the last %v", e.count(), e.asked[len(e.asked)-1].body["temperature"])
		}
		w.cfg.Temperature = 0.2
		// Another prompt asks anew.
		w.cfg.Places = 2
		if w.must(t); e.count() != 27 {
			t.Errorf("%d requests after a run with another prompt", e.count())
		}
	})
}

// Faults that pass: the answer comes in the end.
func TestFaultsThatPass(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter, r *http.Request){
		"500":            func(w http.ResponseWriter, _ *http.Request) { refuse(w, 500, "server_error", "oops") },
		"503 plain text": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no healthy upstream", 503) },
		"429":            func(w http.ResponseWriter, _ *http.Request) { refuse(w, 429, "rate_limit_exceeded", "slow down") },
		"408":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(408) },
		"truncated JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"choices":[{"message":{"content":"**Image:** A`)
		},
		"cut off stream": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "100000")
			fmt.Fprint(w, `{"choices":[`)
			panic(http.ErrAbortHandler)
		},
		"closed before an answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>Sign in to the network</html>")
		},
		"an event stream": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {}\n\n")
		},
		"no choices":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"choices":[]}`) },
		"error with 200": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"error":"overloaded"}`) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for range maxBody/4096 + 2 {
				_, _ = w.Write(make([]byte, 4096))
			}
		},
		"time-out": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			faked(t, func(t *testing.T) {
				e := newEye(t, func(n int, _ asked, w http.ResponseWriter, r *http.Request) {
					if n <= 2 {
						fault(w, r)
						return
					}
					good(w)
				})
				w := newWork(t, e, 1)
				start := time.Now()
				c := w.must(t)
				if statuses(c)[OK] != 1 || e.count() != 3 {
					t.Errorf("%v after %d requests", c.All(), e.count())
				}
				// Pauses of about 1 s and 2 s, with jitter; time-outs take 2 minutes each.
				took, least, most := time.Since(start), 1500*time.Millisecond, 4500*time.Millisecond
				if name == "time-out" {
					least, most = least+4*time.Minute, most+4*time.Minute
				}
				if took < least || took > most {
					t.Errorf("it took %v, want %v to %v", took, least, most)
				}
			})
		})
	}
}

// Faults that stay end one view; the others are captioned.
func TestFaultsThatStay(t *testing.T) {
	type handler = func(w http.ResponseWriter, r *http.Request)
	for name, x := range map[string]struct {
		fault  handler
		status Status
		asked  int // requests for this view
		says   string
	}{
		"500":      {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 500, "", "oops") }, Unavailable, 5, "no answer in 5 attempts, at last: status 500: oops"},
		"time-out": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Unavailable, 5, "no answer within 2m0s"},
		"400":      {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "invalid_image", "bad image") }, Rejected, 1, "status 400: bad image"},
		"413":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(413) }, Rejected, 1, "status 413"},
		"filter":   {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "content_filter", "no") }, Refused, 1, "status 400: no"},
		"filtered": {func(w http.ResponseWriter, _ *http.Request) { say(w, "", "content_filter") }, Refused, 1, "filter"},
		"sorry":    {func(w http.ResponseWriter, _ *http.Request) { say(w, "I'm sorry, but I can't help with that.", "stop") }, Refused, 1, "refuses"},
		"empty":    {func(w http.ResponseWriter, _ *http.Request) { say(w, " \n", "stop") }, Empty, 1, "no text"},
		"unmarked": {func(w http.ResponseWriter, _ *http.Request) { say(w, "**Image:** A street, and that is all.", "stop") }, Unmarked, 1, summaryMark},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			say(w, "**Image:** A street. **Summarization:** It is", "length")
		}, CutOff, 1, "raise MaxTokens"},
		"all thought": {func(w http.ResponseWriter, _ *http.Request) { say(w, "<think>hmm", "length") }, CutOff, 1, "before any text"},
	} {
		t.Run(name, func(t *testing.T) {
			faked(t, func(t *testing.T) {
				e := newEye(t, func(_ int, a asked, w http.ResponseWriter, r *http.Request) {
					if a.view == 2 {
						x.fault(w, r)
						return
					}
					good(w)
				})
				w := newWork(t, e, 3)
				w.cfg.Concurrency = 1
				c := w.must(t)
				bad := c.All()[1]
				if n := e.count() - 2; bad.Status != x.status || !strings.Contains(bad.Error, x.says) || n != x.asked || bad.Text != "" || bad.Summary != "" {
					t.Errorf("%+v after %d requests", bad, n)
				}
				if statuses(c)[OK] != 2 || len(c.Failed()) != 1 {
					t.Errorf("%v", statuses(c))
				}
				if name == "unmarked" && bad.Answer != "**Image:** A street, and that is all." {
					t.Errorf("the answer is not kept: %+v", bad)
				}
				// What the model said is not asked for again; what was lost is.
				before := e.count()
				w.must(t)
				if again := e.count() - before; (again > 0) != (x.status == Unavailable || x.status == Rejected || name == "filter") {
					t.Errorf("%d requests in the second run", again)
				}
			})
		})
	}
}

// Faults that end the run at once.
func TestFaultsThatStop(t *testing.T) {
	for name, x := range map[string]struct {
		fault func(w http.ResponseWriter)
		says  string
	}{
		"bad key": {func(w http.ResponseWriter) {
			refuse(w, 401, "invalid_api_key", "Incorrect API key provided: "+secret)
		}, "check the key in UG_CAPTION_KEY"},
		"forbidden": {func(w http.ResponseWriter) { refuse(w, 403, "", "no access from your country") }, "no access from your country"},
		"no model":  {func(w http.ResponseWriter) { refuse(w, 404, "model_not_found", "The model does not exist") }, `no model "eye"`},
		"no credit": {func(w http.ResponseWriter) { refuse(w, 429, "insufficient_quota", "You exceeded your quota") }, "no credit left"},
		"payment":   {func(w http.ResponseWriter) { refuse(w, 402, "", "pay") }, "no credit left"},
		"moved":     {func(w http.ResponseWriter) { w.Header().Set("Location", "http://evil/"); w.WriteHeader(308) }, "give its own URL"},
		"come back tomorrow": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "86400")
			refuse(w, 429, "rate_limit_exceeded", "daily limit")
		}, "asks to wait 24h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			faked(t, func(t *testing.T) {
				e := newEye(t, func(n int, _ asked, w http.ResponseWriter, _ *http.Request) {
					if n <= 2 {
						good(w)
						return
					}
					x.fault(w)
				})
				w := newWork(t, e, 20)
				w.cfg.Concurrency = 1
				c, err := w.run(t.Context())
				if err == nil || c != nil || !strings.Contains(err.Error(), x.says) || !strings.Contains(err.Error(), "2 of 20 views of town have their answer, 18 are left") {
					t.Errorf("error %v", err)
				}
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells the key: %v", err)
				}
				if e.count() != 3 {
					t.Errorf("%d requests", e.count())
				}
			})
		})
	}
}

func TestNoKey(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, func(_ int, a asked, w http.ResponseWriter, _ *http.Request) {
			if a.header.Get("Authorization") != "" {
				t.Error("a key was sent")
			}
			refuse(w, 401, "", "You did not provide an API key")
		})
		w := newWork(t, e, 1)
		t.Setenv(KeyVariables[0], "")
		t.Setenv(KeyVariables[1], "")
		if _, err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "set UG_CAPTION_KEY") {
			t.Errorf("error %v", err)
		}
	})
}

// An endpoint that is down, or refuses everything, is not asked about each view.
func TestManyFailuresStop(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter){
		"down":    func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"refuses": func(w http.ResponseWriter) { refuse(w, 400, "unsupported", "images are not supported") },
	} {
		t.Run(name, func(t *testing.T) {
			faked(t, func(t *testing.T) {
				e := newEye(t, func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) { fault(w) })
				w := newWork(t, e, 60)
				_, err := w.run(t.Context())
				if err == nil || !strings.Contains(err.Error(), "10 views in a row failed") {
					t.Errorf("error %v", err)
				}
				if most := (mostInARow + w.cfg.Concurrency) * w.cfg.Attempts; e.count() > most {
					t.Errorf("%d requests", e.count())
				}
			})
		})
	}
}

func TestRetryAfterHoldsAll(t *testing.T) {
	for _, header := range []string{"30", "30.0", "date", "ms"} {
		faked(t, func(t *testing.T) {
			start := time.Now()
			e := newEye(t, func(n int, _ asked, w http.ResponseWriter, _ *http.Request) {
				if n > 1 {
					good(w)
					return
				}
				switch header {
				case "date":
					w.Header().Set("Retry-After", time.Now().Add(30*time.Second).UTC().Format(http.TimeFormat))
				case "ms":
					w.Header().Set("Retry-After-Ms", "30000")
				default:
					w.Header().Set("Retry-After", header)
				}
				refuse(w, 429, "", "slow down")
			})
			w := newWork(t, e, 3)
			w.cfg.Concurrency = 1
			if c := w.must(t); statuses(c)[OK] != 3 {
				t.Errorf("%v", statuses(c))
			}
			if took := e.asked[1].at.Sub(start); took < 29*time.Second || took > 35*time.Second {
				t.Errorf("%s: asked again after %v, want 30s to 33s", header, took)
			}
		})
	}
	// With several at a time, all of them wait.
	faked(t, func(t *testing.T) {
		start := time.Now()
		e := newEye(t, func(n int, _ asked, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.Header().Set("Retry-After", "20")
				refuse(w, 503, "", "busy")
				return
			}
			if n == 2 { // under way when the other was refused
				time.Sleep(time.Second)
			}
			good(w)
		})
		w := newWork(t, e, 12)
		w.cfg.Concurrency = 2
		w.must(t)
		for i, a := range e.asked[2:] {
			if a.at.Sub(start) < 20*time.Second {
				t.Errorf("request %d came after %v", i+3, a.at.Sub(start))
			}
		}
	})
}

func TestLimits(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, nil)
		w := newWork(t, e, 13)
		w.cfg.RequestsPerMinute = 60
		start := time.Now()
		w.must(t)
		if took := time.Since(start); took < 12*time.Second || took > 13*time.Second {
			t.Errorf("13 requests at 60 a minute took %v", took)
		}
	})
	faked(t, func(t *testing.T) {
		e := newEye(t, nil) // 1200 tokens each
		w := newWork(t, e, 61)
		w.cfg.TokensPerMinute = 12000
		start := time.Now()
		w.must(t)
		if took := time.Since(start); took < 5*time.Minute || took > 10*time.Minute {
			t.Errorf("61 requests of 1200 tokens at 12000 a minute took %v", took)
		}
		// In no minute more than a sixth above the limit.
		for i, a := range e.asked {
			n := 0
			for _, b := range e.asked[i:] {
				if b.at.Sub(a.at) < time.Minute {
					n += 1200
				}
			}
			if n > 12000*7/6+2*1200 {
				t.Errorf("%d tokens in the minute from request %d", n, i)
			}
		}
	})
}

func TestOtherNameOfTheLimit(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, func(_ int, a asked, w http.ResponseWriter, _ *http.Request) {
			if a.body["max_tokens"] != nil {
				refuse(w, 400, "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
				return
			}
			if a.body["max_completion_tokens"] != 1300.0 || a.body["temperature"] != nil {
				t.Errorf("request %v", a.body)
			}
			good(w)
		})
		w := newWork(t, e, 12)
		w.cfg.Attempts, w.cfg.Temperature = 1, -1
		if c := w.must(t); statuses(c)[OK] != 12 || e.count() < 13 || e.count() > 12+w.cfg.Concurrency {
			t.Errorf("%v in %d requests", statuses(c), e.count())
		}
	})
}

func TestInterrupt(t *testing.T) {
	faked(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e := newEye(t, func(n int, _ asked, w http.ResponseWriter, r *http.Request) {
			if n == 6 {
				cancel()
			}
			if n > 5 {
				<-r.Context().Done()
				return
			}
			good(w)
		})
		w := newWork(t, e, 20)
		w.cfg.Concurrency = 1
		start := time.Now()
		_, err := w.run(ctx)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "5 of 20 views") || time.Since(start) > time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		e.answer = func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) { good(w) }
		before := e.count()
		if c := w.must(t); statuses(c)[OK] != 20 || e.count()-before != 15 {
			t.Errorf("%v after %d more requests", statuses(c), e.count()-before)
		}
	})
}

func TestDamagedCache(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, nil)
		w := newWork(t, e, 4)
		w.must(t)
		files, err := filepath.Glob(filepath.Join(w.cache.dir, "*", "*.json"))
		if err != nil || len(files) != 4 {
			t.Fatalf("%v, %v", files, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, content := range [][]byte{data[:len(data)/2], nil, data} { // cut off, empty, another's
			if err := os.WriteFile(files[i+1], content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if c := w.must(t); statuses(c)[OK] != 4 || e.count() != 7 {
			t.Errorf("%v after %d requests, want 7", statuses(c), e.count())
		}
		if names := kept(t, w.cache.dir, secret); len(names) > 0 {
			t.Errorf("the key is in %v", names)
		}
		if err := os.Chmod(w.cache.dir, 0o555); err != nil || os.Geteuid() == 0 {
			return // root may write all the same
		}
		w.cfg.Model = "other"
		if _, err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be kept") {
			t.Errorf("error %v", err)
		}
	})
}

func TestBadImage(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, nil)
		w := newWork(t, e, 3)
		if err := os.WriteFile(w.set.Path(w.set.Views[1]), []byte("no image"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(w.set.Path(w.set.Views[2])); err != nil {
			t.Fatal(err)
		}
		c := w.must(t)
		if n := statuses(c); n[OK] != 1 || n[BadImage] != 2 || e.count() != 1 {
			t.Errorf("%v after %d requests", n, e.count())
		}
	})
}
