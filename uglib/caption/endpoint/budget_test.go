package endpoint

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each answer takes 1000 tokens of prompt and 200 of completion; a request may
// take 1300 of completion and what its prompt is estimated at, about 1400.
func TestBudget(t *testing.T) {
	prices := Prices{Prompt: 10, Completion: 50} // 0.01 and 0.01 for an answer
	for name, x := range map[string]struct {
		budget *Budget
		least  int // answers before it stops, at least and at most
		most   int
		says   string
	}{
		"requests":   {&Budget{Requests: 7}, 7, 7, "7 of 7 requests"},
		"tokens":     {&Budget{Tokens: 12000}, 7, 9, " of 12000 tokens"},
		"money":      {&Budget{Money: 0.2, Prices: prices}, 5, 9, " of 0.2000 in money"},
		"not enough": {&Budget{Tokens: 500}, 0, 0, "0 of 500 tokens"},
		"several":    {&Budget{Requests: 3, Tokens: 1e6, Money: 1e3, Prices: prices}, 3, 3, "3 of 3 requests, "},
	} {
		t.Run(name, func(t *testing.T) {
			faked(t, func(t *testing.T) {
				e := newEye(t, func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) {
					time.Sleep(time.Second)
					good(w)
				})
				w := newWork(t, e, 20)
				w.cfg.Budget = x.budget
				_, err := w.run(t.Context())
				if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), x.says) || !strings.Contains(err.Error(), "are left") {
					t.Errorf("error %v", err)
				}
				spent := x.budget.Spent()
				if n := e.count(); n < x.least || n > x.most || spent.Requests != n || spent.PromptTokens != 1000*n || spent.CompletionTokens != 200*n {
					t.Errorf("%d requests, spent %+v", n, spent)
				}
				if x.budget.Tokens > 0 && spent.PromptTokens+spent.CompletionTokens > x.budget.Tokens || x.budget.Money > 0 && spent.Money > x.budget.Money {
					t.Errorf("spent %+v of %+v", spent, x.budget)
				}
				// With a new budget the rest is asked for, and nothing twice.
				w.cfg.Budget = &Budget{Requests: 20}
				if c := w.must(t); statuses(c)[OK] != 20 || e.count() != 20 {
					t.Errorf("%v after %d requests", statuses(c), e.count())
				}
			})
		})
	}
}

// Requests under way are waited for before a budget counts as spent.
func TestBudgetWaits(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			good(w)
		})
		w := newWork(t, e, 3)
		w.cfg.Budget = &Budget{Tokens: 5400} // two reservations of 2700, three answers of 1200
		if c := w.must(t); statuses(c)[OK] != 3 {
			t.Errorf("%v", statuses(c))
		}
	})
}

// What is lost on the way may have been worked on: it counts.
func TestBudgetCountsLostRequests(t *testing.T) {
	faked(t, func(t *testing.T) {
		e := newEye(t, func(n int, _ asked, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
			good(w)
		})
		w := newWork(t, e, 1)
		w.cfg.Budget = &Budget{Requests: 5}
		w.must(t)
		if s := w.cfg.Budget.Spent(); s.Requests != 2 || s.PromptTokens <= 1000 {
			t.Errorf("spent %+v", s)
		}
	})
	faked(t, func(t *testing.T) { // an endpoint that does not count
		e := newEye(t, func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"choices":[{"message":{"content":"Image: a street\nSummary: it is one"}}]}`))
		})
		w := newWork(t, e, 1)
		w.cfg.Budget = &Budget{Requests: 5}
		c := w.must(t)
		if s := w.cfg.Budget.Spent(); s.PromptTokens < 500 || s.CompletionTokens != 9 || c.All()[0].PromptTokens != 0 || c.All()[0].Status != OK {
			t.Errorf("spent %+v, %+v", s, c.All())
		}
	})
}

func TestBudgetChecks(t *testing.T) {
	var none *Budget
	if none.Check() != nil || none.Spent() != (Spending{}) {
		t.Error("no budget is no budget")
	}
	for _, b := range []*Budget{
		{Requests: -1}, {Tokens: -1}, {Money: -1, Prices: Prices{1, 1}}, {Money: math.NaN(), Prices: Prices{1, 1}}, {Money: 1}, {Prices: Prices{-1, 0}},
	} {
		if b.Check() == nil {
			t.Errorf("%+v is accepted", b)
		}
	}
}
