package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var at = time.Date(2027, 3, 3, 14, 2, 11, 0, time.UTC)

func editions() []*norm.Edition {
	req := func(id string, l norm.Level, nl, en string) norm.Requirement {
		return norm.Requirement{
			ID: id, Role: fact.Web, Level: l, Tier: norm.Public, Title: norm.Text{NL: nl, EN: en},
			Why:    norm.Text{NL: "Zonder dit kan iemand meelezen.", EN: "Without it somebody can read along."},
			Source: norm.Source{Name: "RFC 6797", Section: "6.1"},
			Fixes: []norm.Fix{
				{For: "nginx", Text: norm.Text{NL: "Zet in het server-blok:", EN: "Put in the server block:"}, Code: "add_header Strict-Transport-Security \"max-age=31536000\" always;"},
				{For: "apache", Text: norm.Text{NL: "Zet in de VirtualHost:", EN: "Put in the VirtualHost:"}, Code: "Header always set Strict-Transport-Security \"max-age=31536000\""},
			},
		}
	}
	return []*norm.Edition{
		{
			Name: "peil", Version: "2026-11", Title: norm.Text{NL: "Peil", EN: "Peil"},
			Requirements: []norm.Requirement{
				req("web.https.available", norm.Must, "HTTPS", "HTTPS"),
				req("web.https.hsts", norm.Must, "HSTS", "HSTS"),
				req("web.rpki.exists", norm.Must, "RPKI", "RPKI"),
				req("web.header.csp", norm.Should, "Inhoudsbeleid (CSP)", "Content-Security-Policy"),
				req("web.page.mixed", norm.Should, "Gemengde inhoud", "Mixed content"),
				req("web.dane", norm.Could, "DANE", "DANE"),
			},
			Reasons: map[string]norm.Text{
				"max-age":       {NL: "max-age is {1}; een jaar ({2}) is nodig", EN: "max-age is {1}; a year ({2}) is needed"},
				"unsafe-inline": {NL: "unsafe-inline in {1}", EN: "unsafe-inline in {1}"},
			},
		},
		{
			Name: "internet.nl", Version: "1.11.2", Title: norm.Text{NL: "Internet.nl", EN: "Internet.nl"},
			Requirements: []norm.Requirement{req("web_https_http_hsts", norm.Required, "HSTS", "HSTS")},
		},
	}
}

func item() Item {
	v4, v6 := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")
	score, inl := 87, 98
	return Item{
		Measurement: &fact.Measurement{
			Schema: fact.Schema, Target: fact.Target{Name: "xn--gemnte-jva.example", Unicode: "gemënte.example", Role: fact.Web},
			At: at, Vantage: "here", Meter: "0.1", Simulated: true,
			Sources: fact.Sources{
				Roots: "mozilla 2026-10-30", Resolver: "iterative", VRPs: "https://example.net/vrps.json 2027-03-03T00:00:00Z",
				Routes: "file routes.csv 2026-11-22T06:00:00Z", Fetched: []string{"vrps"},
			},
			Cost: fact.Cost{Connections: 71, Seconds: 2.1, Queries: 12, BytesIn: 1000, BytesOut: 200},
			Web:  &fact.WebFacts{Hosts: []fact.WebHost{{Addr: v4}, {Addr: v6}}},
		},
		Results: []*norm.Result{
			{Edition: "peil", Version: "2026-11", Score: &score, Word: norm.BelowStandard, Verdicts: []norm.Verdict{
				{ID: "web.https.available", Level: norm.Must, Outcome: norm.Passed, Until: at.Add(24 * time.Hour), Check: "curl -sI https://gemënte.example/"},
				{
					ID: "web.https.hsts", Level: norm.Must, Outcome: norm.Failed,
					Reasons:    []norm.Reason{{Code: "max-age", Args: []string{"86400", "31536000"}}},
					PerSubject: []norm.SubjectVerdict{{Subject: "203.0.113.7", Outcome: norm.Failed, Saw: norm.Reason{Code: "max-age", Args: []string{"86400", "31536000"}}}, {Subject: "2001:db8::7", Outcome: norm.Passed}},
					Evidence:   []string{"Strict-Transport-Security: max-age=86400 <script>"}, Check: "curl -sI https://xn--gemnte-jva.example/ | grep -i strict",
				},
				{ID: "web.rpki.exists", Level: norm.Must, Outcome: norm.NotMeasured, Gap: fact.GapNoSource},
				{ID: "web.header.csp", Level: norm.Should, Outcome: norm.Warning, Reasons: []norm.Reason{{Code: "unsafe-inline", Args: []string{"script-src"}}}},
				{ID: "web.page.mixed", Level: norm.Should, Outcome: norm.Passed},
				{ID: "web.dane", Level: norm.Could, Outcome: norm.NotApplicable},
			}},
			{Edition: "internet.nl", Version: "1.11.2", Score: &inl, Complete: true, Verdicts: []norm.Verdict{
				{ID: "web_https_http_hsts", Level: norm.Required, Outcome: norm.Failed, Status: "failed", Word: "other", Points: 2, Max: 10},
			}},
		},
	}
}

func render(t *testing.T, format string, o Options, items ...Item) string {
	t.Helper()
	o.Editions, o.Meter = editions(), "0.1"
	var b bytes.Buffer
	w, err := New(format, &b, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		if err := w.Write(it); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEachFormatReadsAsItsGoldenFile(t *testing.T) {
	t.Setenv("TZ", "UTC")
	time.Local = time.UTC
	for _, c := range []struct {
		file, format string
		o            Options
	}{
		{"result.en.txt", "text", Options{Lang: i18n.EN, Width: 96}},
		{"result.nl.80.txt", "text", Options{Lang: i18n.NL, Width: 80}},
		{"result.verbose.txt", "text", Options{Lang: i18n.EN, Width: 96, Detail: Verbose}},
		{"result.json", "json", Options{Lang: i18n.EN}},
		{"result.csv", "csv", Options{}},
		{"result.sarif", "sarif", Options{Lang: i18n.EN}},
		{"result.junit.xml", "junit", Options{Lang: i18n.NL}},
		{"result.html", "html", Options{Lang: i18n.NL}},
	} {
		got := render(t, c.format, c.o, item())
		file := filepath.Join("testdata", c.file)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from its golden file (-update rewrites it):\n%s", c.file, got)
		}
	}
}

func TestTextIsReadableInAnyWidthAndWithoutColour(t *testing.T) {
	for _, width := range []int{80, 120} {
		plain := render(t, "text", Options{Width: width}, item())
		if strings.Contains(plain, "\x1b") {
			t.Error("colour codes without colour")
		}
		for line := range strings.Lines(plain) {
			if strings.Contains(line, "curl ") || strings.Contains(line, "add_header ") {
				continue // what is pasted is not folded
			}
			if n := visible(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
		}
		coloured := render(t, "text", Options{Width: width, Color: true}, item())
		var b strings.Builder
		for rest := coloured; rest != ""; {
			before, after, found := strings.Cut(rest, "\x1b[")
			b.WriteString(before)
			if !found {
				break
			}
			_, rest, _ = strings.Cut(after, "m")
		}
		if b.String() != plain {
			t.Errorf("colour changes more than colour:\n%s\n%s", b.String(), plain)
		}
	}
}

func TestJSONKeepsToItsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	schema, err := c.Compile("result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, items := range [][]Item{{item()}, {item(), item()}, nil} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(render(t, "json", Options{}, items...)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Error(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(render(t, "jsonl", Options{}, item(), item())), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}
	var one map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &one); err != nil {
		t.Error(err)
	}
	if err := schema.Validate(map[string]any{"meter": "0.1", "targets": []any{one}}); err != nil {
		t.Error(err)
	}
}

func TestCSVHasARowPerTargetAndAColumnPerRequirement(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", Options{}, item(), item()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || len(rows[0]) != 7+2+7 {
		t.Fatalf("%d rows of %d columns", len(rows), len(rows[0]))
	}
	if rows[0][4] != "simulated" || rows[1][4] != "true" || rows[1][1] == "" || rows[0][9] != "peil:web.https.available" || rows[1][10] != "failed" || rows[1][7] != "87" {
		t.Errorf("columns %v, row %v", rows[0], rows[1])
	}
}

func TestSARIFAndJUnitHaveOneResultPerFailedOrWarnedRequirement(t *testing.T) {
	var s struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Level string
				Message       struct{ Text string }
			}
		}
	}
	if err := json.Unmarshal([]byte(render(t, "sarif", Options{}, item())), &s); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Runs[0].Results {
		got = append(got, r.RuleID+" "+r.Level)
	}
	if want := "peil/web.https.hsts error, peil/web.header.csp warning, internet.nl/web_https_http_hsts error"; strings.Join(got, ", ") != want {
		t.Errorf("SARIF results %v", got)
	}
	if len(s.Runs[0].Tool.Driver.Rules) != 7 || !strings.Contains(s.Runs[0].Results[0].Message.Text, "add_header") {
		t.Error("SARIF lacks rules or the fix")
	}

	var j struct {
		Suites []struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Failure struct {
					Type string `xml:"type,attr"`
					Text string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(render(t, "junit", Options{}, item())), &j); err != nil {
		t.Fatal(err)
	}
	if len(j.Suites) != 2 || j.Suites[0].Tests != 2 || j.Suites[0].Cases[1].Failure.Type != "warning" || !strings.Contains(j.Suites[0].Cases[0].Failure.Text, "add_header") {
		t.Errorf("JUnit %+v", j)
	}
}

func TestHTMLEscapesWhatCameFromTheNetwork(t *testing.T) {
	page := render(t, "html", Options{}, item())
	if strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;script&gt;") {
		t.Error("markup of a measured site came through")
	}
	for _, no := range []string{"style=\"", "onclick", "http-equiv=\"refresh\"", "src="} {
		if strings.Contains(page, no) {
			t.Errorf("the page has %s, which its own policy forbids", no)
		}
	}
}

func TestHTMLOfALongListHasAllRowsAndDropsWhatIsInOrder(t *testing.T) {
	good := item()
	r := *good.Results[0]
	r.Word = norm.UpToStandard
	good.Results = []*norm.Result{&r}
	items := []Item{item(), item()}
	for range manySites {
		items = append(items, good)
	}
	page := render(t, "html", Options{}, items...)
	if rows := strings.Count(page, "<tr><th scope=\"row\">"); rows != len(items) {
		t.Errorf("%d rows, want %d", rows, len(items))
	}
	if sections := strings.Count(page, "<section class=\"site\""); sections != 2 {
		t.Errorf("%d sections, want 2", sections)
	}
	if fixes := strings.Count(page, "Header always set"); fixes != 2 { // HSTS and CSP, once each
		t.Errorf("the fix stands %d times in a long report, want once per requirement", fixes)
	}
}

func TestHTMLOfAVeryLongListHasABoundedNumberOfSections(t *testing.T) {
	items := make([]Item, manySections+20)
	for i := range items {
		items[i] = item()
	}
	page := render(t, "html", Options{Lang: i18n.EN}, items...)
	if rows := strings.Count(page, "<tr><th scope=\"row\">"); rows != len(items) {
		t.Errorf("%d rows, want all %d", rows, len(items))
	}
	if sections := strings.Count(page, "<section class=\"site\""); sections != manySections {
		t.Errorf("%d sections, want %d", sections, manySections)
	}
	if links := strings.Count(page, "<a href=\"#s"); links != manySections {
		t.Errorf("%d links to sections, of which there are %d", links, manySections)
	}
	if !strings.Contains(page, "The first 500 that are not up to standard") {
		t.Error("the page does not say that it gives the first alone")
	}
}

func TestTheTableBeginsWithTheWorst(t *testing.T) {
	with := func(word norm.Word, score int) Item {
		it := item()
		r := *it.Results[0]
		r.Word, r.Score = word, &score
		it.Results = []*norm.Result{&r}
		m := *it.Measurement
		m.Target = fact.Target{Name: fmt.Sprintf("%s-%d", word, score), Role: fact.Web}
		it.Measurement = &m
		return it
	}
	page := render(t, "html", Options{Lang: i18n.EN}, with(norm.UpToStandard, 99), with(norm.CannotSay, 98), with(norm.BelowStandard, 90), with(norm.BelowStandard, 40))
	last := -1
	for _, name := range []string{"below_standard-40", "below_standard-90", "cannot_say-98", "up_to_standard-99"} {
		at := strings.Index(page, ">"+name+"</a></th>")
		if at < last || at < 0 {
			t.Errorf("%s stands out of order", name)
		}
		last = at
	}
	if !strings.Contains(page, "4 websites measured: 1 of 3 judged websites up to standard (33.3%); about 1 we cannot say.") {
		t.Error("the sentence above the table is not there")
	}
}

func TestWhatIsAheadOfTheNormIsNotWrong(t *testing.T) {
	it := item()
	v := &it.Results[0].Verdicts[5]
	v.Outcome = norm.Failed
	page := render(t, "html", Options{Lang: i18n.EN}, it)
	_, after, ok := strings.Cut(page, "<h3>Ahead of the norm</h3>")
	if !ok || !strings.Contains(after, `<details class="ahead"><summary>`) || strings.Count(page, "<b>DANE</b>") != 1 {
		t.Error("a could that failed does not stand apart")
	}
	if strings.Contains(render(t, "text", Options{Lang: i18n.EN, Color: true}, it), "\x1b[31m✕\x1b[0m DANE") {
		t.Error("a could that failed is brick red")
	}
}

func TestAMailDomainIsNotCalledAWebsite(t *testing.T) {
	it := item()
	it.Measurement.Target.Role = fact.Mail
	it.Measurement.Mail = &fact.MailFacts{Servers: []fact.MailServer{{Name: "mx.example", Hosts: []fact.MailHost{{Addr: netip.MustParseAddr("203.0.113.7")}}}}}
	it.Measurement.Web = nil
	for _, word := range []norm.Word{norm.UpToStandard, norm.BelowStandard, norm.CannotSay, norm.WordNotApplicable} {
		it.Results[0].Word = word
		for _, format := range []string{"text", "html"} {
			got := render(t, format, Options{Lang: i18n.EN, Width: 80}, it)
			if !strings.Contains(got, "(mail)") || !strings.Contains(got, "this mail domain does not exist") || !strings.Contains(got, "IPv4 only") {
				t.Errorf("%s, %s: %.2000s", word, format, got)
			}
			if strings.Contains(got, "this website") || strings.Contains(got, "This website") || strings.Contains(got, "no website") {
				t.Errorf("%s, %s speaks of a website", word, format)
			}
		}
	}
}
