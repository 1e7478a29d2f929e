package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"peil/internal/lab"
)

// changing is what differs between one measurement and the next: moments, costs, and
// the addresses that the lab gives.
var changing = regexp.MustCompile(`\d+ \w{3} \d{4} \d\d:\d\d|\d+\.\d s|\d+ connections|:443:[0-9.]+ `)

// TestThePictureInTheREADMEIsAResult measures the site of the README's picture and
// looks for each line of the picture in what comes out.
func TestThePictureInTheREADMEIsAResult(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, ok := strings.Cut(string(readme), "```\n$ peil scan www.hsts-short.example.nl\n")
	if !ok {
		t.Fatal("the README has no picture of a scan")
	}
	picture, _, _ = strings.Cut(picture, "```")
	i := slices.IndexFunc(lab.Catalogue(), func(s *lab.Site) bool { return s.ID == "hsts-short" })
	r, err := lab.Start(t.Context(), lab.Options{Sites: lab.Catalogue()[i : i+1]})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dir := t.TempDir()
	if err := r.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLUMNS", "80")
	t.Setenv("LANG", "en_GB.UTF-8")
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_MESSAGES", "")
	at := func(name string) string { return filepath.Join(dir, name) }
	var out, wrong bytes.Buffer
	if code := run(t.Context(), []string{
		"scan", "www.hsts-short.example.nl", "--network-map", at("network-map"), "--root-hints", at("root-hints"),
		"--trust-anchor", at("trust-anchor"), "--ca-bundle", at("ca.pem"), "--vrps", at("vrps.json"), "--routes", at("routes.csv"),
	}, streams{strings.NewReader(""), &out, &wrong}); code != 1 {
		t.Fatalf("exit code %d, want 1: %s", code, &wrong)
	}
	steady := func(s string) []string { return strings.Split(changing.ReplaceAllString(s, "#"), "\n") }
	lines := steady(out.String())
	for _, l := range steady(picture) {
		if strings.TrimSpace(l) != "…" && !slices.Contains(lines, l) {
			t.Errorf("the README shows\n%s\nwhich is not in the result:\n%s", l, &out)
		}
	}
}
