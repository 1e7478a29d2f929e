package report

import (
	"encoding/json"
	"regexp"
	"testing"
)

// TestEveryFormatSaysSimulated shows that no file of a simulated measurement can be taken
// for one of a real website, and that a real one is not called simulated.
func TestEveryFormatSaysSimulated(t *testing.T) {
	said := regexp.MustCompile(`"simulated": ?true|name="simulated" value="true"|SIMULATED|GESIMULEERD|class="sim|,true,`)
	for _, format := range Formats() {
		if format == "csv" {
			continue // its column is shown by another test
		}
		it := item()
		if out := render(t, format, Options{}, it); !said.MatchString(out) {
			t.Errorf("%s does not say that it was simulated", format)
		}
		m := *it.Measurement
		m.Simulated = false
		it.Measurement = &m
		if out := said.FindString(render(t, format, Options{}, it)); out != "" {
			t.Errorf("%s calls a real measurement simulated: %s", format, out)
		}
	}
}

// TestJSONNamesTheTargetAndWhatTheScoreWasTakenOver shows the fields that other programs
// count on: unicode is there also where it equals the name.
func TestJSONNamesTheTargetAndWhatTheScoreWasTakenOver(t *testing.T) {
	it := item()
	m := *it.Measurement
	m.Target.Name, m.Target.Unicode = "www.example.nl", ""
	it.Measurement = &m
	r := *it.Results[0]
	r.Points, r.Max = 5.5, 8
	it.Results[0] = &r
	var got struct {
		Target   struct{ Name, Unicode, Role string }
		Editions map[string]struct{ Points, Max *float64 }
	}
	if err := json.Unmarshal([]byte(render(t, "jsonl", Options{}, it)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Target.Name != "www.example.nl" || got.Target.Unicode != "www.example.nl" || got.Target.Role != "web" {
		t.Errorf("target %+v", got.Target)
	}
	if e := got.Editions["peil"]; e.Points == nil || *e.Points != 5.5 || e.Max == nil || *e.Max != 8 {
		t.Errorf("peil: points and max %+v", e)
	}
	if e := got.Editions["internet.nl"]; e.Points != nil || e.Max != nil {
		t.Errorf("internet.nl has its points with its categories: %+v", e)
	}
}
