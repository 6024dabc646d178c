package enip

import (
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestConversations(t *testing.T) { prototest.Glob(t, Protocol(), "testdata/tcp_*.txtar") }

func TestDatagrams(t *testing.T) { prototest.Glob(t, Datagrams(), "testdata/udp_*.txtar") }
