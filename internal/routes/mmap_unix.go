//go:build unix

package routes

import (
	"fmt"
	"os"
	"syscall"
)

// mapFile maps a file for reading.
func mapFile(f *os.File) (b []byte, unmap func() error, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	size := info.Size()
	if size < headerSize || size != int64(int(size)) {
		return nil, nil, fmt.Errorf("%w: %d bytes long", ErrDamaged, size)
	}
	if b, err = syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED); err != nil {
		return nil, nil, fmt.Errorf("mapping: %w", err)
	}
	return b, func() error { return syscall.Munmap(b) }, nil
}
