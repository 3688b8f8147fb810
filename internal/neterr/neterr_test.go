package neterr

import (
	"errors"
	"net"
	"testing"
)

// TestErrorsOfTheSystem makes the system return errors, and checks that each is recognised as what it is and as nothing else.
func TestErrorsOfTheSystem(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_, err = net.Listen("tcp", at)
	if !InUse(err) || Refused(err) || HostUnreachable(err) || NetworkUnreachable(err) {
		t.Errorf("a port that is taken: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = net.Dial("tcp", at)
	if !Refused(err) || InUse(err) || HostUnreachable(err) || NetworkUnreachable(err) || Forbidden(err) {
		t.Errorf("a port where nobody listens: %v", err)
	}
	if err := errors.New("some other"); InUse(err) || Refused(err) || HostUnreachable(err) || NetworkUnreachable(err) || Forbidden(err) {
		t.Error("an error of another kind is taken for one of the network")
	}
}
