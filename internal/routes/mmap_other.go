//go:build !unix

package routes

import (
	"io"
	"os"
)

// mapFile reads the file: where there is no mapping, memory is the price.
func mapFile(f *os.File) (b []byte, unmap func() error, err error) {
	b, err = io.ReadAll(f)
	return b, func() error { return nil }, err
}
