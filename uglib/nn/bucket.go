package nn

// Bucket rounds a size of n up to 8, 12, 16, 24, 32, 48, 64, ...: few sizes, so
// that few graphs are compiled, and at most a third of padding from 8 on.
func Bucket(n int) int {
	for b := 8; ; b *= 2 {
		if n <= b {
			return b
		}
		if n <= b+b/2 {
			return b + b/2
		}
	}
}
