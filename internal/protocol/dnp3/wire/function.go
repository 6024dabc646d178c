package wire

// A Function is an application function code (IEEE 1815 table 4-2).
type Function uint8

// The function codes.
const (
	Confirm             Function = 0
	Read                Function = 1
	Write               Function = 2
	Select              Function = 3
	Operate             Function = 4
	DirectOperate       Function = 5
	DirectOperateNoAck  Function = 6
	Freeze              Function = 7
	FreezeNoAck         Function = 8
	FreezeClear         Function = 9
	FreezeClearNoAck    Function = 10
	FreezeAtTime        Function = 11
	FreezeAtTimeNoAck   Function = 12
	ColdRestart         Function = 13
	WarmRestart         Function = 14
	InitializeData      Function = 15
	InitializeApp       Function = 16
	StartApp            Function = 17
	StopApp             Function = 18
	SaveConfig          Function = 19
	EnableUnsolicited   Function = 20
	DisableUnsolicited  Function = 21
	AssignClass         Function = 22
	DelayMeasure        Function = 23
	RecordTime          Function = 24
	OpenFile            Function = 25
	CloseFile           Function = 26
	DeleteFile          Function = 27
	GetFileInfo         Function = 28
	AuthenticateFile    Function = 29
	AbortFile           Function = 30
	ActivateConfig      Function = 31
	Authenticate        Function = 32
	AuthenticateNoAck   Function = 33
	Response            Function = 129
	UnsolicitedResponse Function = 130
	AuthenticateReply   Function = 131
)

// Response says whether f is a function of outstations.
func (f Function) Response() bool { return f >= Response && f <= AuthenticateReply }

// NoAck says whether an outstation carries f out without an answer.
func (f Function) NoAck() bool {
	switch f {
	case DirectOperateNoAck, FreezeNoAck, FreezeClearNoAck, FreezeAtTimeNoAck, AuthenticateNoAck:
		return true
	}
	return false
}

// Name returns f as the record spells it, or "" where the code is none.
func (f Function) Name() string {
	names := [...]string{
		"confirm", "read", "write", "select", "operate", "direct_operate", "direct_operate_no_ack",
		"immediate_freeze", "immediate_freeze_no_ack", "freeze_clear", "freeze_clear_no_ack", "freeze_at_time",
		"freeze_at_time_no_ack", "cold_restart", "warm_restart", "initialize_data", "initialize_application",
		"start_application", "stop_application", "save_configuration", "enable_unsolicited", "disable_unsolicited",
		"assign_class", "delay_measure", "record_current_time", "open_file", "close_file", "delete_file",
		"get_file_info", "authenticate_file", "abort_file", "activate_configuration", "authenticate_request",
		"authenticate_request_no_ack",
	}
	if int(f) < len(names) {
		return names[f]
	}
	switch f {
	case Response:
		return "response"
	case UnsolicitedResponse:
		return "unsolicited_response"
	case AuthenticateReply:
		return "authenticate_response"
	}
	return ""
}

// values says whether requests of f carry the values of the objects they name.
func (f Function) values() bool {
	switch f {
	case Write, Select, Operate, DirectOperate, DirectOperateNoAck, Authenticate, AuthenticateNoAck,
		OpenFile, CloseFile, DeleteFile, GetFileInfo, AuthenticateFile, AbortFile, ActivateConfig:
		return true
	}
	return f.Response()
}
