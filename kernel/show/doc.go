// Package show shows things in a notebook: HTML, Markdown, LaTeX, pictures, JSON, tables, progress.
//
//	show.HTML("<b>done</b>")
//	show.Display(rows)                       // a slice of structs, as a table
//	show.Display(fig, show.ID("loss"))       // later: show.Update("loss", fig)
//	for i := range show.Steps(100, "epochs") { ... }
//
// [Display] takes any value. What it makes of one, which is also what the kernel makes of the value of a
// cell's last expression, is this, in the order of precedence:
//
//   - A [Bundle] is shown as it is.
//   - A value that knows how it looks is asked: it has a method MIMEBundle() map[string]any, or one or
//     several of HTML, Markdown, LaTeX, SVG (string or []byte), PNG and JPEG ([]byte), each with or without
//     an error as second result, with Text or String as the form in plain text; or a method Show(), which
//     is called to do it. JPEG and SVG are asked only where there is neither HTML nor PNG.
//   - An image.Image is a picture; so are bytes that are a PNG, JPEG, GIF or SVG file.
//   - An error is its text, a [fmt.Stringer] what it says, a [fmt.Formatter] what %v prints.
//   - Structs, maps, slices of structs or of maps, and slices of slices are tables, in HTML and in plain
//     text. Long ones show their first 50 and last 10 rows.
//   - Everything else is printed on one line much like %v does; of long slices the ends are shown.
//
// Outside a notebook the plain text of everything is printed to standard output instead.
//
// Text that was printed before stays before what is shown, and what is printed after, after. For that a
// short mark, which terminals ignore and the kernel removes, is written to standard output.
//
// All functions may be called from several goroutines. The package is linked into cells, where each
// package costs link time, so it needs little of the standard library.
package show
