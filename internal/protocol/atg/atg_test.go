package atg

import (
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }
