//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

// endsWithUs: the system has no such wish. A server is stopped when this program ends in order.
func endsWithUs() *syscall.SysProcAttr { return nil }

// ownCPU, as the rest of what is measured here, comes from Linux.
func ownCPU() (time.Duration, error) { return 0, errors.New("the comparison runs on Linux") }
