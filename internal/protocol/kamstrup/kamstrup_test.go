package kamstrup

import (
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestMeterConversations(t *testing.T) {
	prototest.Glob(t, Protocol(), "testdata/meter/*.txtar")
}

func TestManagementConversations(t *testing.T) {
	prototest.Glob(t, Management(), "testdata/management/*.txtar")
}
