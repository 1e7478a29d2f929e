package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneFileIsNotTwoThings(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("list", []byte("www.example.nl\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"symbolic": "list", "hanging": "new", "loop": "loop", "here": "."} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link("list", "hard"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reads, out, facts string
		ok                bool
	}{
		{"list", "new", "facts", true},
		{"list", "list", "", false},
		{"list", "./list", "", false},
		{"list", filepath.Join(dir, "list"), "", false},
		{"list", "symbolic", "", false},
		{"symbolic", "hard", "", false},
		{"list", "", "hard", false},
		{"", "new", "new", false},
		{"", "hanging", "new", false},
		{"", "here/new", "new", false},
		{"", "new", "other", true},
		{"", "loop", "loop", true}, // opening it fails, and says why
		{"", "missing/new", "missing/new", true},
		{"list", "", "", true},
		{"/dev/null", "/dev/null", "", true},
	} {
		err := Distinct(Use{"-f", c.reads, false}, Use{"--out", c.out, true}, Use{"--facts", c.facts, true})
		if c.ok != (err == nil) {
			t.Errorf("%+v: %v", c, err)
		}
		if err != nil && !strings.Contains(err.Error(), " are both ") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := Distinct(Use{"-f", "list", false}, Use{"--exclude", "list", false}); err != nil {
		t.Errorf("a file may be read twice: %v", err)
	}
	f, err := os.Open("list")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Distinct(Stream("-f -", f, false), Use{"--out", "list", true}); err == nil {
		t.Error("standard input may be overwritten")
	}
	if err := Distinct(Stream("-f -", strings.NewReader(""), false), Use{"--out", "list", true}); err != nil {
		t.Errorf("what is no file: %v", err)
	}
}

// A run that fails before its first result leaves no file that was not there.
func TestAnOutputThatIsAbandonedWasNeverThere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("old", []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"old", "new"} {
		o, err := Judgement{Output: "csv", Out: file}.Open(nil, Look{}, "test")
		if err != nil {
			t.Fatal(err)
		}
		o.Abandon()
	}
	if b, err := os.ReadFile("old"); err != nil || string(b) != "kept" {
		t.Errorf("the old file: %q, %v", b, err)
	}
	if _, err := os.Stat("new"); err == nil {
		t.Error("an empty file stayed behind")
	}
}
