package peil_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestImportsFollowTheFloors reads the table of floors in docs/architecture.md and
// holds every import of the module's packages (tests apart) against it.
func TestImportsFollowTheFloors(t *testing.T) {
	type place struct {
		floor string
		same  []string
	}
	doc, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	floors := map[string]place{}
	ticked := regexp.MustCompile("`(internal/[a-z0-9/]+)`")
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 {
			continue
		}
		pkg := ticked.FindStringSubmatch(cells[2])
		if pkg == nil {
			continue
		}
		p := place{floor: strings.TrimSpace(cells[1])}
		for _, m := range ticked.FindAllStringSubmatch(cells[3], -1) {
			p.same = append(p.same, m[1])
		}
		floors[pkg[1]] = p
	}
	if len(floors) < 10 {
		t.Fatalf("read only %d packages from the table in docs/architecture.md", len(floors))
	}
	// A package below one of the table (internal/lab/pki) belongs to it.
	find := func(pkg string) (string, bool) {
		for p := pkg; p != "" && p != "internal"; p = p[:max(strings.LastIndex(p, "/"), 0)] {
			if _, ok := floors[p]; ok {
				return p, true
			}
		}
		return "", false
	}

	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from, ok := strings.CutPrefix(p.ImportPath, "peil/")
		if !ok || !strings.HasPrefix(from, "internal/") {
			continue // the root has tests alone; cmd may import anything
		}
		here, ok := find(from)
		if !ok {
			t.Errorf("%s is not in the table of docs/architecture.md", from)
			continue
		}
		for _, imp := range p.Imports {
			to, ok := strings.CutPrefix(imp, "peil/")
			if !ok {
				continue
			}
			there, ok := find(to)
			if !ok || there == here {
				continue
			}
			a, b := floors[here], floors[there]
			switch {
			case here == "internal/lab":
				if !slices.Contains([]string{"internal/fact", "internal/name", "internal/tlswire", "internal/routes"}, there) {
					t.Errorf("%s imports %s: the lab builds its answers apart from what reads them", from, to)
				}
			case a.floor == "side":
			case b.floor == "side":
				t.Errorf("%s imports %s: only commands, demo and tests may", from, to)
			case a.floor == b.floor && !slices.Contains(a.same, there):
				t.Errorf("%s imports %s: both are on floor %s", from, to, a.floor)
			case a.floor < b.floor:
				t.Errorf("%s (floor %s) imports %s (floor %s)", from, a.floor, to, b.floor)
			}
		}
	}
}
