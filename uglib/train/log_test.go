package train

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestLogFile(t *testing.T) {
	log := []Entry{{Step: 1, Loss: 2.5, Margin: -0.25, GradNorm: 1, LearningRate: 1e-3}, {Step: 1, Validation: &Validation{Places: 3, MRR: 0.5, Margin: 0.1, Hit5: 1}}}
	text, err := encodeLog(log)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), logFile)
	if none, err := readLog(path); err != nil || none != nil {
		t.Errorf("a log that is not there: %v, %v", none, err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if back, err := readLog(path); err != nil || !reflect.DeepEqual(back, log) {
		t.Errorf("read back %+v, %v", back, err)
	}
	if err := os.WriteFile(path, append(text, `{"step": `...), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = readLog(path)
	wantError(t, err, path, "entry 3")
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte(`{"step":1,"loss":2}` + "\n"))
	f.Add([]byte(`{"step":1,"val":{"places":3}}`))
	f.Add([]byte(`nonsense`))
	path := filepath.Join(f.TempDir(), logFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		log, err := readLog(path)
		if err != nil {
			return
		}
		again, err := encodeLog(log)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if err := os.WriteFile(path, again, 0o644); err != nil {
			t.Fatal(err)
		}
		if back, err := readLog(path); err != nil || !reflect.DeepEqual(back, log) {
			t.Fatalf("%+v became %+v, %v", log, back, err)
		}
	})
}
