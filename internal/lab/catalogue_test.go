package lab

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestEveryExpectationOfTheCatalogueIsReadable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		if seen[s.ID] {
			t.Errorf("%s stands in the catalogue twice", s.ID)
		}
		seen[s.ID] = true
		if s.Change.NL == "" || s.Change.EN == "" || s.Group == "" {
			t.Errorf("%s: words are missing", s.ID)
		}
	}
	if len(seen) < 500 {
		t.Errorf("%d sites", len(seen))
	}
}

func TestTheListOfSitesIsJSONWithoutLoss(t *testing.T) {
	var b strings.Builder
	if err := WriteSites(&b, All()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Simulated bool       `json:"simulated"`
		Sites     []siteJSON `json:"sites"`
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Simulated || len(got.Sites) != len(All()) || got.Sites[0].Expect[inl].Requirements["web_https_http_hsts"].Points != "10/10" {
		t.Errorf("%d sites, first %+v", len(got.Sites), got.Sites[0])
	}
}
