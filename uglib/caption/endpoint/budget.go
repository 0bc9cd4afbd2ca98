package endpoint

import (
	"fmt"
	"strings"
	"sync"
)

// Budget limits what a run may spend, over all the cities that it captions. It
// counts what the endpoint was asked for; answers from the cache are free. A
// Budget may be used from several goroutines and must not be copied.
type Budget struct {
	Requests int     // 0: no limit
	Tokens   int     // of prompts and answers; 0: no limit
	Money    float64 // in the currency of the prices; 0: no limit
	Prices   Prices

	mu       sync.Mutex
	settled  sync.Cond // signals that reserved has fallen
	spent    Spending
	reserved Spending // of requests under way
}

// Prices of one million tokens.
type Prices struct {
	Prompt, Completion float64
}

// Spending is what was asked of an endpoint.
type Spending struct {
	Requests         int     `json:"requests"`
	PromptTokens     int     `json:"prompt_tokens"`
	CompletionTokens int     `json:"completion_tokens"`
	Money            float64 `json:"money"`
}

func (s Spending) plus(o Spending) Spending {
	return Spending{s.Requests + o.Requests, s.PromptTokens + o.PromptTokens, s.CompletionTokens + o.CompletionTokens, s.Money + o.Money}
}

func (s Spending) minus(o Spending) Spending {
	return Spending{s.Requests - o.Requests, s.PromptTokens - o.PromptTokens, s.CompletionTokens - o.CompletionTokens, s.Money - o.Money}
}

// cost of tokens.
func (p Prices) cost(prompt, completion int) float64 {
	return (float64(prompt)*p.Prompt + float64(completion)*p.Completion) / 1e6
}

// Check returns an error for limits that mean nothing.
func (b *Budget) Check() error {
	switch {
	case b == nil:
		return nil
	case b.Requests < 0 || b.Tokens < 0 || !(b.Money >= 0) || !(b.Prices.Prompt >= 0) || !(b.Prices.Completion >= 0):
		return fmt.Errorf("endpoint: a budget and prices must not be negative")
	case b.Money > 0 && b.Prices == Prices{}:
		return fmt.Errorf("endpoint: a budget of money needs the prices of a million tokens of prompts and of answers")
	}
	return nil
}

// Spent returns what was spent so far.
func (b *Budget) Spent() Spending {
	if b == nil {
		return Spending{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent
}

// reserve sets aside what a request may take at most, or says that the budget
// does not allow it. Where only requests under way stand against it, it waits for
// these: they may take less than was set aside.
func (b *Budget) reserve(prompt, completion int) (Spending, bool) {
	s := Spending{Requests: 1, PromptTokens: prompt, CompletionTokens: completion}
	if b == nil {
		return s, true
	}
	s.Money = b.Prices.cost(prompt, completion)
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.allows(b.spent.plus(b.reserved).plus(s)) {
		if b.reserved.Requests == 0 || !b.allows(b.spent.plus(s)) {
			return s, false
		}
		b.settled.L = &b.mu
		b.settled.Wait()
	}
	b.reserved = b.reserved.plus(s)
	return s, true
}

// allows reports whether so much may be spent in all.
func (b *Budget) allows(s Spending) bool {
	const rounding = 1 + 1e-9 // of sums of money
	return (b.Requests == 0 || s.Requests <= b.Requests) &&
		(b.Tokens == 0 || s.PromptTokens+s.CompletionTokens <= b.Tokens) &&
		(b.Money == 0 || s.Money <= b.Money*rounding)
}

// settle puts what a request took in place of what was set aside for it.
func (b *Budget) settle(reserved Spending, prompt, completion int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reserved = b.reserved.minus(reserved)
	if b.reserved.Requests == 0 {
		b.reserved = Spending{} // no rest of rounding
	}
	b.settled.Broadcast()
	b.spent = b.spent.plus(Spending{1, prompt, completion, b.Prices.cost(prompt, completion)})
}

// String says what the budget allows and what of it is spent.
func (b *Budget) String() string {
	s := b.Spent()
	var parts []string
	if b.Requests > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d requests", s.Requests, b.Requests))
	}
	if b.Tokens > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d tokens", s.PromptTokens+s.CompletionTokens, b.Tokens))
	}
	if b.Money > 0 {
		parts = append(parts, fmt.Sprintf("%.4f of %.4f in money", s.Money, b.Money))
	}
	return strings.Join(parts, ", ")
}
