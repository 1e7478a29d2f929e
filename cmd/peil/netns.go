package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"peil/internal/lab"
)

// enter runs this same command in namespaces of its own.
func enter(std streams) error {
	cmd, err := lab.Namespace(context.Background(), os.Args[1:]...)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	err = attend(cmd)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("making a network namespace: %w; this machine does not allow it: see sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone, or run it as root", err)
	}
	return childExit(err)
}

// follow runs the command beside the lab and ends with its exit code.
func (c *labServeCmd) follow(std streams) error {
	if err := lab.UseResolver(); err != nil {
		return err
	}
	ca := ""
	if c.Dir != "" {
		dir, err := filepath.Abs(c.Dir)
		if err != nil {
			return fmt.Errorf("finding %s: %w", c.Dir, err)
		}
		ca = filepath.Join(dir, "ca.pem")
	}
	// Not ended with a context: a signal is handed on, and the command ends by itself.
	cmd := exec.CommandContext(context.Background(), c.Cmd[0], c.Cmd[1:]...)
	cmd.Env = lab.Environ(os.Environ(), ca)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	err := attend(cmd)
	if errors.Is(err, exec.ErrNotFound) {
		return exitError{code: 127, err: err} // as a shell has it
	}
	return childExit(err)
}

// attend runs a command to its end, which comes with ours at the latest. Signals to us are
// handed on; a Ctrl-C on the terminal reaches the command by itself.
func attend(cmd *exec.Cmd) error {
	runtime.LockOSThread() // the signal at our death is bound to the thread
	defer runtime.UnlockOSThread()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				if (s == syscall.SIGINT || s == syscall.SIGQUIT) && onTerminal() {
					continue
				}
				_ = cmd.Process.Signal(s)
			case <-done:
				return
			}
		}
	}()
	return cmd.Wait()
}

// onTerminal reports whether we belong to the process group that the terminal talks to.
func onTerminal() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer func() { _ = tty.Close() }()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// childExit is the exit code of a command, as a shell counts it.
func childExit(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return exitError{code: 128 + int(s.Signal())}
	}
	return exitError{code: exit.ExitCode()}
}
