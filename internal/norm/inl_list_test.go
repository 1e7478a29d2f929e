package norm

import "testing"

func TestAListNamesNothingTwice(t *testing.T) {
	words := []string{"ffdhe3072", "ffdhe4096", "ffdhe3072"}
	if got := inlList(words); got != "ffdhe3072, ffdhe4096" || words[1] != "ffdhe4096" || words[2] != "ffdhe3072" {
		t.Errorf("%q, and the words themselves %q", got, words)
	}
}
