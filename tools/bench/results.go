package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// results gathers what was measured, in the order of measuring.
type results struct {
	At      time.Time
	Machine string
	rows    []row
}

// row is one figure. A figure without a mark is for comparison.
type row struct {
	part, what string
	value      float64
	unit       string
	mark       float64 // at most; 0: none
}

func (r row) reached() bool { return r.mark == 0 || r.value <= r.mark }

// add books a figure and prints it. A mark of 0 is none.
func (r *results) add(part, what string, value float64, unit string, mark float64) {
	x := row{part, what, value, unit, mark}
	if len(r.rows) == 0 || r.rows[len(r.rows)-1].part != part {
		fmt.Println(part)
	}
	r.rows = append(r.rows, x)
	line := fmt.Sprintf("  %-60s %8s %-3s", what, figure(value), unit)
	if mark > 0 {
		line += fmt.Sprintf("  mark: at most %s", figure(mark))
	}
	if !x.reached() {
		line += "   NOT REACHED"
	}
	fmt.Println(strings.TrimRight(line, " "))
}

// missed counts the marks that were not reached.
func (r *results) missed() int {
	n := 0
	for _, x := range r.rows {
		if !x.reached() {
			n++
		}
	}
	return n
}

func figure(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// table is the figures as Markdown.
func (r *results) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s on %s.\n\n", r.At.Format("2006-01-02 15:04 UTC"), r.Machine)
	b.WriteString("| What | Figure | Mark | |\n|---|--:|--:|---|\n")
	part := ""
	for _, x := range r.rows {
		if x.part != part {
			part = x.part
			fmt.Fprintf(&b, "| **%s** | | | |\n", part)
		}
		mark, ok := "", ""
		if x.mark > 0 {
			mark, ok = "≤ "+figure(x.mark)+" "+x.unit, "reached"
			if !x.reached() {
				ok = "**not reached**"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", x.what, strings.TrimSpace(figure(x.value)+" "+x.unit), strings.TrimSpace(mark), ok)
	}
	return b.String()
}

// Between these lines of the page stands the table.
const (
	begin = "<!-- figures: written by make bench -->"
	end   = "<!-- end of figures -->"
)

// write puts the table into the page.
func (r *results) write(page string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(old, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return errors.New(page + " lacks the lines between which the table stands")
	}
	var b bytes.Buffer
	b.Write(head)
	fmt.Fprintf(&b, "%s\n\n%s\n%s", begin, r.table(), end)
	b.Write(tail)
	return os.WriteFile(page, b.Bytes(), 0o644) // a page for everyone
}

// machine says on what it was measured.
func machine(ctx context.Context) (string, error) {
	model := "an unnamed processor"
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	out, err := exec.CommandContext(ctx, "nproc").Output() // what taskset left of them
	if err != nil {
		return "", fmt.Errorf("counting the cores: %w", err)
	}
	return fmt.Sprintf("%s cores of %s, %s, all processes together", strings.TrimSpace(string(out)), model, runtime.Version()), nil
}
