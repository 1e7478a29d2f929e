package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// usage is what a process took.
type usage struct {
	cpu  time.Duration // user and system
	wall time.Duration
	rss  float64 // peak resident memory, MiB
}

func (u usage) perMillis(n int) float64 {
	return u.cpu.Seconds() * 1000 / float64(n)
}

// measure runs a command to its end. Its exit code must be among those given.
//
// The peak of memory is read from /proc while it runs: what wait4 reports counts the
// memory of this process too, from before exec.
func measure(cmd *exec.Cmd, codes ...int) (usage, error) {
	var stderr tail
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	var u usage
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			if m := peak(cmd.Process.Pid); m > 0 {
				u.rss = m
			}
			select {
			case <-t.C:
			case <-stop:
				return
			}
		}
	}()
	err := cmd.Wait()
	u.wall = time.Since(begun)
	close(stop)
	<-stopped
	if s := cmd.ProcessState; s != nil {
		u.cpu = s.UserTime() + s.SystemTime()
		for _, c := range codes {
			if s.ExitCode() == c {
				return u, nil
			}
		}
	}
	if err != nil {
		return u, fmt.Errorf("%s: %w\n%s", cmd.Path, err, stderr.String())
	}
	return u, nil
}

// peak is VmHWM of a process in MiB, 0 once it is gone.
func peak(pid int) float64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(v)[0])
			if err == nil {
				return float64(kb) / 1024
			}
		}
	}
	return 0
}

// tail keeps the last of what a program says.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 4096 {
		t.b = t.b[len(t.b)-4096:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// background is a program that others are measured against.
type background struct {
	cmd    *exec.Cmd
	stderr tail
	ended  chan struct{}
	err    error // set before ended is closed
}

// start starts a program and, when a word is given, waits until it prints that.
func start(ctx context.Context, word, program string, args ...string) (*background, error) {
	b := &background{cmd: exec.CommandContext(ctx, program, args...), ended: make(chan struct{})}
	b.cmd.Cancel = func() error { return b.cmd.Process.Signal(syscall.SIGTERM) }
	b.cmd.WaitDelay = 10 * time.Second
	b.cmd.Stderr = &b.stderr
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go func() {
		defer close(b.ended)
		said := false
		for s := bufio.NewScanner(out); s.Scan(); {
			if !said && s.Text() == word {
				said = true
				close(ready)
			}
		}
		_, _ = io.Copy(io.Discard, out) // it has ended or is about to
		b.err = b.cmd.Wait()
	}()
	if word == "" {
		return b, nil
	}
	select {
	case <-ready:
		return b, nil
	case <-b.ended:
		return nil, fmt.Errorf("%s ended: %w\n%s", program, errors.Join(b.err, ctx.Err()), b.stderr.String())
	case <-time.After(2 * time.Minute):
		b.stop()
		return nil, fmt.Errorf("%s did not say %q", program, word)
	}
}

// stop ends it and waits until it is gone. It returns what it took.
func (b *background) stop() usage {
	_ = b.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-b.ended:
	case <-time.After(15 * time.Second):
		_ = b.cmd.Process.Kill()
		<-b.ended
	}
	s := b.cmd.ProcessState
	if s == nil {
		return usage{}
	}
	return usage{cpu: s.UserTime() + s.SystemTime()}
}
