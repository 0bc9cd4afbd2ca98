package main

import (
	"container/list"
	"context"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	ugkeep "urbangraph/kernel/keep"
)

func errno() ugkeep.Known { return ugkeep.Type[syscall.Errno]() }

// refused puts what cannot be kept.
func refused() {
	if getting {
		return
	}
	type local struct{ a int }
	ugkeep.Put("channel", make(chan int))
	ugkeep.Put("function", map[string]func(){"f": func() {}})
	ugkeep.Put("file", os.Stdout)
	l := list.New()
	l.PushBack(1)
	ugkeep.Put("list", l)
	ugkeep.Put("context", context.Background())
	var m sync.Mutex
	m.Lock()
	ugkeep.Put("locked", &m)
	var wg sync.WaitGroup
	wg.Add(1)
	ugkeep.Put("waiting", &wg)
	ugkeep.Put("address", uintptr(3))
	ugkeep.Put("unsafe", unsafe.Pointer(&m))
	ugkeep.Put("timer", time.NewTimer(time.Hour))
	ugkeep.Put("localType", any(gen[local]{}))
	ugkeep.Put("panics", &evil{})
	ugkeep.Put("nowhere", &atlas{lost: true, ch: make(chan int)})
	huge := make([]byte, 1<<30)
	ugkeep.Put("huge", huge)
}

type gen[T any] struct{ x T }

type evil struct{}

func (*evil) KeptAs() ([]byte, error) { panic("panics with words") }
func (*evil) Reopen([]byte) error     { return nil }
