package peil_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	links   = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinksInDocumentsLeadSomewhere follows every relative link of every document: the
// file is there, and so is the heading.
func TestLinksInDocumentsLeadSomewhere(t *testing.T) {
	n := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "out") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		for _, m := range links.FindAllStringSubmatch(text(t, path), -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.Scheme != "" {
				continue
			}
			n++
			target := path
			if u.Path != "" {
				target = filepath.Join(filepath.Dir(path), u.Path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
				continue
			}
			if u.Fragment != "" && !slices.Contains(anchors(text(t, target)), u.Fragment) {
				t.Errorf("%s links to %s, which has no such heading", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 10 {
		t.Errorf("only %d links were followed", n)
	}
}

// text is a document without its code.
func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fenced.ReplaceAllString(string(b), "")
}

// anchors are the fragments by which the headings of a document are reached.
func anchors(doc string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(doc, -1) {
		slug := notSlug.ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(slug, " ", "-"))
	}
	return out
}

// TestPubliccodeHasWhatItsStandardRequires checks the mandatory keys of publiccode.yml
// 0.4 and the bounds of its texts.
func TestPubliccodeHasWhatItsStandardRequires(t *testing.T) {
	b, err := os.ReadFile("publiccode.yml")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Version     string   `yaml:"publiccodeYmlVersion"`
		Name        string   `yaml:"name"`
		URL         string   `yaml:"url"`
		Platforms   []string `yaml:"platforms"`
		Categories  []string `yaml:"categories"`
		Status      string   `yaml:"developmentStatus"`
		Type        string   `yaml:"softwareType"`
		Description map[string]struct {
			Short    string   `yaml:"shortDescription"`
			Long     string   `yaml:"longDescription"`
			Features []string `yaml:"features"`
		} `yaml:"description"`
		Legal struct {
			License string `yaml:"license"`
		} `yaml:"legal"`
		Maintenance struct {
			Type     string `yaml:"type"`
			Contacts []struct {
				Name string `yaml:"name"`
			} `yaml:"contacts"`
		} `yaml:"maintenance"`
		Localisation struct {
			Ready     *bool    `yaml:"localisationReady"`
			Languages []string `yaml:"availableLanguages"`
		} `yaml:"localisation"`
	}
	if err := yaml.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(p.URL); err != nil || !u.IsAbs() {
		t.Errorf("url %q", p.URL)
	}
	if p.Version != "0.4" || p.Name == "" || len(p.Platforms) == 0 || len(p.Categories) == 0 || p.Legal.License != "EUPL-1.2" {
		t.Errorf("version, name, platforms, categories or licence: %+v", p)
	}
	if !slices.Contains([]string{"concept", "development", "beta", "stable", "obsolete"}, p.Status) {
		t.Errorf("developmentStatus %q", p.Status)
	}
	if !slices.Contains([]string{"standalone/backend", "standalone/web", "standalone/desktop", "standalone/other"}, p.Type) {
		t.Errorf("softwareType %q", p.Type)
	}
	if p.Maintenance.Type != "internal" || len(p.Maintenance.Contacts) == 0 || p.Maintenance.Contacts[0].Name == "" {
		t.Errorf("maintenance that is internal needs a contact: %+v", p.Maintenance)
	}
	if p.Localisation.Ready == nil || len(p.Localisation.Languages) != len(p.Description) {
		t.Errorf("localisation: %+v", p.Localisation)
	}
	for _, lang := range p.Localisation.Languages {
		d := p.Description[lang]
		if n := len([]rune(d.Short)); n == 0 || n > 150 {
			t.Errorf("the short description in %s has %d characters, want 1 to 150", lang, n)
		}
		if n := len([]rune(d.Long)); n < 150 || n > 10000 {
			t.Errorf("the long description in %s has %d characters, want 150 to 10,000", lang, n)
		}
		if len(d.Features) == 0 {
			t.Errorf("no features in %s", lang)
		}
	}
}
