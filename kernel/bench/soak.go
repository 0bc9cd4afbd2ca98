package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"urbangraph/kernel/client"
	"urbangraph/kernel/procs"
)

// Growth is what a kernel holds after some cells and after many.
type Growth struct {
	Cells             int
	Memory, MemoryEnd int64 // bytes of the kernel and GoNB together
	Files, FilesEnd   int   // open files of both
	Processes         int   // that are left besides them at the end
}

// Many runs many different cells in one kernel. What it holds is looked at after a tenth of them and at
// the end.
func (b *Bench) Many(ctx context.Context, cells int) (Growth, error) {
	g := Growth{Cells: cells}
	k, err := b.ours(ctx)
	if err != nil {
		return g, err
	}
	defer k.Close()
	report := b.every(fmt.Sprintf("%d cells", cells))
	for i := range cells {
		// A declaration, a kept value and a display in turn with plain cells.
		code := []string{
			"fmt.Println(@)", "x@ := @ % 7\nx@", "func f@() int { return @ }", "%env N=@", "!true",
			"import \"urbangraph/kernel/show\"\n%%\nshow.HTML(\"<b>@</b>\")", "fmt.Println(@ + 1)", "%reset x" + fmt.Sprint(i-6), "%rm f" + fmt.Sprint(i-6), "fmt.Println(\"same\")",
		}[i%10]
		if _, err := timed(ctx, k, strings.ReplaceAll(code, "@", fmt.Sprint(i))); err != nil {
			return g, fmt.Errorf("cell %d: %w", i+1, err)
		}
		if i == cells/10 {
			g.Memory, g.Files, _ = holds(k.PID())
		}
		report(i + 1)
	}
	g.MemoryEnd, g.FilesEnd, g.Processes = holds(k.PID())
	return g, nil
}

// holds adds up what the kernel and its GoNB hold, and counts other descendants but gopls, the guard, and the
// compiler and linker that wait for the next cell.
func holds(pid int) (memory int64, files, others int) {
	add := func(pid int) {
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid)); err == nil {
			if f := strings.Fields(string(text)); len(f) > 1 {
				n, _ := strconv.ParseInt(f[1], 10, 64)
				memory += n * int64(os.Getpagesize())
			}
		}
		if open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
			files += len(open)
		}
	}
	add(pid)
	for _, p := range procs.Descendants(pid) {
		if p.Ended { // and is about to be taken note of
			continue
		}
		switch p.Name {
		case "gonb":
			add(p.PID)
		case "gopls", "ugrun", "compile", "link":
		default:
			others++
		}
	}
	return memory, files, others
}

// Flood lets one cell print so many bytes and returns how many came and how long it took.
func (b *Bench) Flood(ctx context.Context, size int) (came int, took time.Duration, err error) {
	k, err := b.ours(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer k.Close()
	const line = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopq"
	code := fmt.Sprintf("w := bufio.NewWriter(os.Stdout)\nfor range %d { w.WriteString(%q) }\nw.Flush()\n", size/(len(line)+1), line+"\n")
	r, err := k.Execute(ctx, code, client.Options{NoStdin: true})
	if err != nil {
		return 0, 0, err
	}
	if r.Reply.Status != "ok" {
		return 0, 0, fmt.Errorf("%s: %s", r.Reply.EName, r.Reply.EValue)
	}
	for _, o := range r.Outputs {
		came += len(o.Text)
	}
	if _, err := timed(ctx, k, "fmt.Println(\"afterwards\")"); err != nil {
		return came, r.Took, err
	}
	return came, r.Took, nil
}

// Kills kills processes of the kernel at random, by SIGKILL, while cells run and between them: GoNB, gopls,
// the program of a cell. After each the next cell must run. It returns how many of each kind were killed.
func (b *Bench) Kills(ctx context.Context, kills int) (map[string]int, error) {
	killed := map[string]int{}
	k, err := b.ours(ctx)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	if _, err := timed(ctx, k, "type T struct{ A int }"); err != nil {
		return nil, err
	}
	report := b.every(fmt.Sprintf("%d kills", kills))
	for n := 0; n < kills; {
		// Completion keeps a gopls alive.
		k.Send(client.Shell, "complete_request", map[string]any{"code": "fmt.Prin", "cursor_pos": 8})
		q, err := k.Submit(fmt.Sprintf("time.Sleep(%d * time.Millisecond)", 20+rand.IntN(100)), client.Options{NoStdin: true})
		if err != nil {
			return killed, err
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		if name := killOne(k.PID()); name != "" {
			killed[name]++
			n++
			report(n)
		}
		if err := ends(ctx, q); err != nil {
			return killed, fmt.Errorf("after %d kills a cell did not end: %w\nlog of the kernel:\n%s", n, err, k.Log())
		}
		if _, err := timed(ctx, k, fmt.Sprintf("fmt.Println(T{%d})", n%5)); err != nil {
			return killed, fmt.Errorf("after %d kills the next cell failed: %w\nlog of the kernel:\n%s", n, err, k.Log())
		}
	}
	return killed, nil
}

// ends waits until a cell has ended, well or not, at most a minute.
func ends(ctx context.Context, q *client.Request) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := q.Wait(ctx)
	return err
}

// killOne kills a process of the kernel, but not the kernel itself nor its guard, and returns its kind.
func killOne(pid int) string {
	all := procs.Descendants(pid)
	if len(all) == 0 {
		return ""
	}
	p := all[rand.IntN(len(all))]
	name := p.Name
	command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
	program, _, _ := strings.Cut(string(command), "\x00")
	switch {
	case p.Ended, name == "ugrun" && p.Parent == pid:
		return ""
	case strings.HasPrefix(filepath.Base(program), "gonb_"):
		name = "cell"
	case name != "gonb" && name != "gopls":
		name = "build"
	}
	if syscall.Kill(p.PID, syscall.SIGKILL) != nil {
		return ""
	}
	return name
}

// every returns a function that reports how far a long measurement is, with rate and time left, every ten
// seconds.
func (b *Bench) every(what string) func(done int) {
	start, last := time.Now(), time.Now()
	var total int
	fmt.Sscan(what, &total)
	return func(done int) {
		if time.Since(last) < 10*time.Second {
			return
		}
		last = time.Now()
		rate := float64(done) / time.Since(start).Seconds()
		fmt.Fprintf(b.progress, "%s: %d done, %.1f/s, %.0f s left\n", what, done, rate, float64(total-done)/rate)
	}
}

// Soak runs all three trials and prints what came of them. Losses are an error.
func (b *Bench) Soak(ctx context.Context, w io.Writer, cells, megabytes, kills int) error {
	g, err := b.Many(ctx, cells)
	if err != nil {
		return err
	}
	const mb = 1 << 20
	fmt.Fprintf(w, "%d cells: memory %.1f MB after a tenth, %.1f MB at the end; open files %d and %d; processes left %d\n",
		g.Cells, float64(g.Memory)/mb, float64(g.MemoryEnd)/mb, g.Files, g.FilesEnd, g.Processes)
	size := megabytes * 1e6 / 64 * 64
	came, took, err := b.Flood(ctx, size)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d bytes printed by one cell: %d came, in %.2f s\n", size, came, took.Seconds())
	killed, err := b.Kills(ctx, kills)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d processes killed %v: the next cell ran each time\n", kills, killed)
	if came != size || g.Processes > 0 {
		return errors.New("something was lost or left, see above")
	}
	return nil
}
