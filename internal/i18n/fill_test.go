package i18n

import "testing"

func TestFillPutsArgumentsInTheirPlaces(t *testing.T) {
	for _, c := range []struct {
		s    string
		args []any
		want string
	}{
		{"nothing to fill", []any{"x"}, "nothing to fill"},
		{"{1} of {2}", []any{3, "four"}, "3 of four"},
		{"{2}, {1}, {2}", []any{"a", "b"}, "b, a, b"},
		{"{1}", []any{"{2}", "b"}, "{2}"}, // an argument is no sentence
		{"{3} {0} {01} {+1} {x} { {}", []any{"a"}, "{3} {0} {01} {+1} {x} { {}"},
		{"{{1}}", []any{"a"}, "{a}"},
		{"{1", []any{"a"}, "{1"},
		{"{1}", nil, "{1}"},
	} {
		if got := Fill(c.s, c.args...); got != c.want {
			t.Errorf("Fill(%q, %v) = %q, want %q", c.s, c.args, got, c.want)
		}
	}
}
