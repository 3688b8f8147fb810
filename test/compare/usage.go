package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A usage is the resources used up to a moment, by this process and one server.
type usage struct {
	at      time.Time
	cpu     time.Duration // of both
	allocs  uint64        // of this process
	wire    int64         // bytes over this namespace's loopback, Ethernet headers included
	packets int64         // likewise
}

// meter reads the usage; server 0 means no server.
func meter(server int) (u usage, err error) {
	if u.cpu, err = ownCPU(); err != nil {
		return u, err
	}
	if server != 0 {
		d, err := processCPU(server)
		if err != nil {
			return u, err
		}
		u.cpu += d
	}
	if u.wire, u.packets, err = loopback(); err != nil {
		return u, err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.allocs, u.at = m.Mallocs, time.Now()
	return u, nil
}

// processCPU is the processor time of all threads of a process.
func processCPU(pid int) (sum time.Duration, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has just ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(b))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	if sum == 0 {
		return 0, fmt.Errorf("process %d has used no CPU: is it gone?", pid)
	}
	return sum, nil
}

// loopback reads the counters of this network namespace's loopback.
func loopback() (bytes, packets int64, err error) {
	f, err := os.Open("/proc/self/net/dev")
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		name, counters, _ := strings.Cut(strings.TrimSpace(in.Text()), ":")
		if name == "lo" {
			_, err = fmt.Sscan(counters, &bytes, &packets)
			return bytes, packets, err
		}
	}
	return 0, 0, fmt.Errorf("no loopback in /proc/self/net/dev")
}

// resident is the resident set of a process, in MiB.
func resident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kib / 1024, err
}
