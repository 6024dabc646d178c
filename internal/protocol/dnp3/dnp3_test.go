package dnp3

import (
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }

func TestDatagrams(t *testing.T) { prototest.Glob(t, Datagrams(), "testdata/udp/*.txtar") }
