package wire

import "fmt"

// A Function is a function code.
type Function uint8

// The public function codes that have a meaning on TCP or were asked for there (§6).
const (
	ReadCoils              Function = 1  // §6.1
	ReadDiscreteInputs     Function = 2  // §6.2
	ReadHoldingRegisters   Function = 3  // §6.3
	ReadInputRegisters     Function = 4  // §6.4
	WriteSingleCoil        Function = 5  // §6.5
	WriteSingleRegister    Function = 6  // §6.6
	ReadExceptionStatus    Function = 7  // §6.7
	Diagnostics            Function = 8  // §6.8
	GetCommEventCounter    Function = 11 // §6.9
	GetCommEventLog        Function = 12 // §6.10
	WriteMultipleCoils     Function = 15 // §6.11
	WriteMultipleRegisters Function = 16 // §6.12
	ReportServerID         Function = 17 // §6.13
	ReadFileRecord         Function = 20 // §6.14
	WriteFileRecord        Function = 21 // §6.15
	MaskWriteRegister      Function = 22 // §6.16
	ReadWriteRegisters     Function = 23 // §6.17
	ReadFIFOQueue          Function = 24 // §6.18
	Encapsulated           Function = 43 // §6.19: MEI transport
)

// Functions returns every function code above.
func Functions() []Function {
	return []Function{ReadCoils, ReadDiscreteInputs, ReadHoldingRegisters, ReadInputRegisters, WriteSingleCoil, WriteSingleRegister,
		ReadExceptionStatus, Diagnostics, GetCommEventCounter, GetCommEventLog, WriteMultipleCoils, WriteMultipleRegisters,
		ReportServerID, ReadFileRecord, WriteFileRecord, MaskWriteRegister, ReadWriteRegisters, ReadFIFOQueue, Encapsulated}
}

// Name returns the function's name in lower case with underscores, or "".
func (f Function) Name() string {
	switch f {
	case ReadCoils:
		return "read_coils"
	case ReadDiscreteInputs:
		return "read_discrete_inputs"
	case ReadHoldingRegisters:
		return "read_holding_registers"
	case ReadInputRegisters:
		return "read_input_registers"
	case WriteSingleCoil:
		return "write_single_coil"
	case WriteSingleRegister:
		return "write_single_register"
	case ReadExceptionStatus:
		return "read_exception_status"
	case Diagnostics:
		return "diagnostics"
	case GetCommEventCounter:
		return "get_comm_event_counter"
	case GetCommEventLog:
		return "get_comm_event_log"
	case WriteMultipleCoils:
		return "write_multiple_coils"
	case WriteMultipleRegisters:
		return "write_multiple_registers"
	case ReportServerID:
		return "report_server_id"
	case ReadFileRecord:
		return "read_file_record"
	case WriteFileRecord:
		return "write_file_record"
	case MaskWriteRegister:
		return "mask_write_register"
	case ReadWriteRegisters:
		return "read_write_multiple_registers"
	case ReadFIFOQueue:
		return "read_fifo_queue"
	case Encapsulated:
		return "encapsulated_interface_transport"
	}
	return ""
}

// String is Name, or the code where there is none.
func (f Function) String() string {
	if n := f.Name(); n != "" {
		return n
	}
	return fmt.Sprintf("function %d", uint8(f))
}

// A Diagnostic is a sub-function of Diagnostics.
type Diagnostic uint16

// The sub-functions (§6.8.1).
const (
	ReturnQueryData          Diagnostic = 0
	RestartCommunications    Diagnostic = 1
	ReturnDiagnosticRegister Diagnostic = 2
	ChangeASCIIDelimiter     Diagnostic = 3
	ForceListenOnly          Diagnostic = 4
	ClearCounters            Diagnostic = 10
	BusMessageCount          Diagnostic = 11
	BusErrorCount            Diagnostic = 12
	ExceptionCount           Diagnostic = 13
	ServerMessageCount       Diagnostic = 14
	NoResponseCount          Diagnostic = 15
	NAKCount                 Diagnostic = 16
	BusyCount                Diagnostic = 17
	OverrunCount             Diagnostic = 18
	ClearOverrun             Diagnostic = 20
)

// Diagnostic sub-functions that there are, in order.
func diagnosticNames() [21]string {
	return [21]string{
		ReturnQueryData: "return_query_data", RestartCommunications: "restart_communications",
		ReturnDiagnosticRegister: "return_diagnostic_register", ChangeASCIIDelimiter: "change_ascii_delimiter",
		ForceListenOnly: "force_listen_only", ClearCounters: "clear_counters",
		BusMessageCount: "return_bus_message_count", BusErrorCount: "return_bus_error_count",
		ExceptionCount: "return_exception_count", ServerMessageCount: "return_server_message_count",
		NoResponseCount: "return_no_response_count", NAKCount: "return_nak_count",
		BusyCount: "return_busy_count", OverrunCount: "return_overrun_count", ClearOverrun: "clear_overrun",
	}
}

// Name returns the sub-function's name, or "" where the code is reserved.
func (d Diagnostic) Name() string {
	names := diagnosticNames()
	if int(d) < len(names) {
		return names[d]
	}
	return ""
}

// MEI types (§6.19).
const (
	MEICANopen        = 0x0d // §6.20
	MEIIdentification = 0x0e // §6.21
)
