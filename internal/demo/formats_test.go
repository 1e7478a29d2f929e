package demo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
	"peil/internal/report"
)

// formats holds what each output writes about measured sites against what the format
// asks for.
type formats struct {
	schema *jsonschema.Schema
	csv    bytes.Buffer
	table  report.Writer
	rows   int
}

func newFormats(t *testing.T) *formats {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../report/result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	f := &formats{schema: schema}
	if f.table, err = report.New("csv", &f.csv, options(i18n.NL)); err != nil {
		t.Fatal(err)
	}
	return f
}

func options(lang i18n.Lang) report.Options {
	return report.Options{Lang: lang, Editions: norm.Editions(), Meter: "test"}
}

// add writes one site in every format and reads it back.
func (f *formats) add(t *testing.T, m *fact.Measurement) {
	t.Helper()
	it := report.Item{Measurement: m, Results: norm.JudgeAll(m, norm.Editions()...)}
	f.rows++
	if err := f.table.Write(it); err != nil {
		t.Fatal(err)
	}
	lang := i18n.Languages()[f.rows%2]
	for format, valid := range map[string]func([]byte) error{"json": f.json, "sarif": sarif, "junit": junit} {
		var b bytes.Buffer
		w, err := report.New(format, &b, options(lang))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(it), w.Close()); err != nil {
			t.Fatal(err)
		}
		if err := valid(b.Bytes()); err != nil {
			t.Errorf("%s of %s: %v", format, m.Target.Name, err)
		}
	}
}

// json holds a result against the published schema.
func (f *formats) json(b []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return f.schema.Validate(doc)
}

// sarif checks what SARIF 2.1.0 requires of what Peil writes: section 3.13 (log), 3.14
// (run), 3.19 (tool component), 3.49 (rules), 3.27 (results).
func sarif(b []byte) error {
	var s struct {
		Version string
		Schema  string `json:"$schema"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID      string
						HelpURI *string
						Short   struct{ Text *string } `json:"shortDescription"`
					}
				}
			}
			Results []struct {
				RuleID, Level string
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
				PartialFingerprints map[string]string
				Properties          struct{ Evidence *[]string }
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&s); err != nil {
		return err
	}
	if s.Version != "2.1.0" || s.Schema == "" || len(s.Runs) != 1 || s.Runs[0].Tool.Driver.Name == "" {
		return errors.New("not a log of one run by a named tool")
	}
	rules := map[string]bool{}
	for _, r := range s.Runs[0].Tool.Driver.Rules {
		if rules[r.ID] || r.ID == "" || r.Short.Text == nil || *r.Short.Text == "" {
			return errors.New("rule " + r.ID + " is there twice or without text")
		}
		if r.HelpURI != nil {
			if u, err := url.Parse(*r.HelpURI); err != nil || !u.IsAbs() {
				return errors.New("rule " + r.ID + " has no absolute helpUri")
			}
		}
		rules[r.ID] = true
	}
	prints := map[string]bool{}
	for _, r := range s.Runs[0].Results {
		switch {
		case !rules[r.RuleID]:
			return errors.New("a result of an unknown rule " + r.RuleID)
		case r.Level != "error" && r.Level != "warning" && r.Level != "note":
			return errors.New("unknown level " + r.Level)
		case r.Message.Text == "" || len(r.Locations) == 0 || r.Properties.Evidence == nil:
			return errors.New("a result without message, place or evidence: " + r.RuleID)
		}
		if u, err := url.Parse(r.Locations[0].PhysicalLocation.ArtifactLocation.URI); err != nil || !u.IsAbs() {
			return errors.New("a result without an absolute URI: " + r.RuleID)
		}
		for _, p := range r.PartialFingerprints {
			if prints[p] {
				return errors.New("two results have the fingerprint " + p)
			}
			prints[p] = true
		}
	}
	return nil
}

// junit reads JUnit as any reader of XML does, and counts.
func junit(b []byte) error {
	var j struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Class   string `xml:"classname,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b, &j); err != nil {
		return err
	}
	for _, s := range j.Suites {
		failures := 0
		for _, c := range s.Cases {
			if c.Name == "" || c.Class == "" {
				return errors.New("a case without name in " + s.Name)
			}
			if c.Failure != nil {
				failures++
				if c.Failure.Message == "" {
					return errors.New("nothing is said of " + c.Class)
				}
			}
		}
		if len(s.Cases) != s.Tests || failures != s.Failures {
			return errors.New("the counts of " + s.Name + " are wrong")
		}
	}
	return nil
}

// close reads the table of all sites: RFC 4180, every row as wide as the head.
func (f *formats) close(t *testing.T) {
	t.Helper()
	if err := f.table.Close(); err != nil {
		t.Fatal(err)
	}
	if lines, ends := bytes.Count(f.csv.Bytes(), []byte("\n")), bytes.Count(f.csv.Bytes(), []byte("\r\n")); lines != ends {
		t.Errorf("%d of %d lines of the CSV end in CR LF", ends, lines)
	}
	r := csv.NewReader(&f.csv)
	n := 0
	for {
		_, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != f.rows+1 {
		t.Errorf("%d lines in the CSV of %d sites", n, f.rows)
	}
}
