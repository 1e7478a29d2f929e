package main

import (
	"fmt"
	"runtime"
)

type versionCmd struct{}

// Run prints the version and what it was built with.
func (versionCmd) Run(std streams) error {
	_, err := fmt.Fprintf(std.out, "peil %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
