package s7comm

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/sundew-ics/sundew/internal/layer/cotp"
	"github.com/sundew-ics/sundew/internal/layer/tpkt"
)

// hello asks what a scanner asks first and checks that a controller answers.
func hello(ctx context.Context, c net.Conn) error {
	if t, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(t); err != nil {
			return err
		}
	}
	request := cotp.TPDU{Code: cotp.CR, Src: 1, Params: []cotp.Param{
		{Code: cotp.ParamTPDUSize, Value: []byte{10}}, {Code: cotp.ParamCalling, Value: []byte{1, 0}}, {Code: cotp.ParamCalled, Value: []byte{1, 2}},
	}}
	if _, err := c.Write(tpkt.Packet{Data: request.Append(nil)}.Append(nil)); err != nil {
		return err
	}
	head := make([]byte, tpkt.HeaderLen)
	if _, err := io.ReadFull(c, head); err != nil {
		return fmt.Errorf("no answer to the connect request: %w", err)
	}
	n, err := tpkt.Length(head)
	if err != nil {
		return err
	}
	body := make([]byte, n-tpkt.HeaderLen)
	if _, err := io.ReadFull(c, body); err != nil {
		return err
	}
	t, err := cotp.Parse(body)
	if err != nil {
		return err
	}
	if t.Code != cotp.CC && t.Code != cotp.DR { // another TSAP's controller refuses
		return fmt.Errorf("%v answers a connect request", t.Code)
	}
	return nil
}
