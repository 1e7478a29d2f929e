package taglist

import (
	"reflect"
	"testing"
)

func TestSplit(t *testing.T) {
	for in, want := range map[string]List{
		"":               {},
		"v=1":            {Tags: []Tag{{"v", "1", 0, 2, false}}},
		"v=1;":           {Tags: []Tag{{"v", "1", 0, 2, false}}, Closed: true},
		"v=1; ":          {Tags: []Tag{{"v", "1", 0, 2, false}}, Closed: true},
		" v = 1 ;; p=a=": {Tags: []Tag{{"v", "1", 1, 5, true}, {"p", "a=", 10, 12, false}}, Empty: []int{8}},
		"v; =x":          {Tags: []Tag{{"v", "", 0, -1, false}, {"", "x", 3, 4, false}}},
		"p=":             {Tags: []Tag{{"p", "", 0, 2, false}}},
	} {
		if got := Split(in); !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", in, got, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("v=DMARC1; p=none;; rua = mailto:a@b")
	f.Fuzz(func(t *testing.T, s string) {
		l := Split(s)
		for _, g := range l.Tags {
			if s[g.Position:g.Position+len(g.Name)] != g.Name {
				t.Fatalf("name not at its place: %+v", g)
			}
			if g.ValuePosition >= 0 && s[g.ValuePosition:g.ValuePosition+len(g.Value)] != g.Value {
				t.Fatalf("value not at its place: %+v", g)
			}
		}
	})
}
