package ratelimit

import (
	"testing"
	"time"
)

// TestKeyed: a Keyed limiter keeps a bounded number of limiters. A key that comes when the table is full shares one.
func TestKeyed(t *testing.T) {
	k := New[int](1, 2)
	now := time.Unix(1e9, 0)
	for i := range MaxKeys {
		if _, ok := Take(k.Limiter(i), now); !ok {
			t.Fatalf("key %d has nothing", i)
		}
	}
	if a, b := k.Limiter(MaxKeys), k.Limiter(MaxKeys+1); a != b || a == k.Limiter(0) || k.Len() != MaxKeys {
		t.Errorf("%d limiters", k.Len())
	}
	if _, ok := Take(k.Limiter(0), now); !ok {
		t.Error("a second thing is refused")
	}
	if wait, ok := Take(k.Limiter(0), now); ok || wait != time.Second {
		t.Errorf("a third thing: %v, wait %v", ok, wait)
	}
	if wait, ok := Take(k.Limiter(0), now); ok || wait != time.Second {
		t.Errorf("refusing takes something: %v, wait %v", ok, wait)
	}
	k.Sweep(now.Add(time.Second))
	if k.Len() != 1 || k.own[0] == nil {
		t.Errorf("%d limiters are kept when all but one are full", k.Len())
	}
}
