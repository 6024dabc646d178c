package wire

import "fmt"

// A Type is a type identification (101 §7.2.1).
type Type uint8

// The types that code names. Monitored types are given by their untimed form.
const (
	SinglePoint Type = 1
	DoublePoint Type = 3
	StepPoint   Type = 5
	Bitstring   Type = 7
	Normalized  Type = 9
	Scaled      Type = 11
	Float       Type = 13
	Totals      Type = 15

	SingleTimed Type = 30 // and in this order the seven others

	SingleCommand  Type = 45
	DoubleCommand  Type = 46
	StepCommand    Type = 47
	SetNormalized  Type = 48
	SetScaled      Type = 49
	SetFloat       Type = 50
	SetBitstring   Type = 51
	SingleCmdTimed Type = 58 // and in this order the six others

	EndOfInit Type = 70

	Interrogation        Type = 100
	CounterInterrogation Type = 101
	Read                 Type = 102
	ClockSync            Type = 103
	Test                 Type = 104
	ResetProcess         Type = 105
	DelayAcquisition     Type = 106
	TestTimed            Type = 107

	ParamNormalized Type = 110
	ParamScaled     Type = 111
	ParamFloat      Type = 112
	ParamActivation Type = 113

	FileReady    Type = 120
	SectionReady Type = 121
	CallFile     Type = 122 // call directory, select file, call file, call section
	LastSegment  Type = 123
	AckFile      Type = 124
	Segment      Type = 125
	Directory    Type = 126
	QueryLog     Type = 127
)

// variable is the size of an element whose length it states itself.
const variable = -2

// unknown is the size of an element that this package does not know.
const unknown = -1

// size returns how many octets an information element of the type has, without
// its address (101 §7.3).
func (t Type) size() int {
	switch t {
	case Read:
		return 0
	case 1, 3, 45, 46, 47, 70, 100, 101, 105, 113:
		return 1
	case 5, 21, 104, 106:
		return 2
	case 9, 11, 48, 49, 110, 111:
		return 3
	case 2, 4, 51, 122, 124:
		return 4
	case 6, 7, 13, 15, 20, 50, 112, 123:
		return 5
	case 10, 12, 17, 120:
		return 6
	case 18, 19, 103, 121:
		return 7
	case 8, 14, 16, 30, 31, 58, 59, 60:
		return 8
	case 32, 107:
		return 9
	case 34, 35, 38, 61, 62:
		return 10
	case 39, 40, 64:
		return 11
	case 33, 36, 37, 63:
		return 12
	case 126:
		return 13
	case 127:
		return 16
	case Segment:
		return variable
	}
	return unknown
}

// Known says whether the type is one of the standard's.
func (t Type) Known() bool { return t.size() != unknown }

// Monitored says whether the type belongs to the monitor direction: process
// information and end of initialisation.
func (t Type) Monitored() bool { return t < 45 && t.Known() || t == EndOfInit }

// Command says whether the type is a command with select or execute.
func (t Type) Command() bool { return t >= 45 && t <= 51 || t >= 58 && t <= 64 }

// Timed says whether a command carries a time, and returns its untimed form.
func (t Type) Timed() (Type, bool) {
	if t >= SingleCmdTimed && t <= 64 {
		return t - SingleCmdTimed + SingleCommand, true
	}
	return t, false
}

// WithTime returns the monitored type with CP56Time2a for its untimed form.
func (t Type) WithTime() Type { return SingleTimed + t/2 }

// WithShortTime returns the monitored type with CP24Time2a for its untimed form.
func (t Type) WithShortTime() Type { return t + 1 }

// Untimed returns the untimed form of a monitored type and how many octets of
// time the type has: 0, 3 or 7.
func (t Type) Untimed() (Type, int) {
	switch {
	case t >= 1 && t <= 16 && t%2 == 0:
		return t - 1, 3
	case t >= 30 && t <= 37:
		return 2*(t-30) + 1, 7
	}
	return t, 0
}

// String returns the standard's name of the type.
func (t Type) String() string {
	names := map[Type]string{
		1: "M_SP_NA_1", 2: "M_SP_TA_1", 3: "M_DP_NA_1", 4: "M_DP_TA_1", 5: "M_ST_NA_1", 6: "M_ST_TA_1", 7: "M_BO_NA_1", 8: "M_BO_TA_1",
		9: "M_ME_NA_1", 10: "M_ME_TA_1", 11: "M_ME_NB_1", 12: "M_ME_TB_1", 13: "M_ME_NC_1", 14: "M_ME_TC_1", 15: "M_IT_NA_1", 16: "M_IT_TA_1",
		17: "M_EP_TA_1", 18: "M_EP_TB_1", 19: "M_EP_TC_1", 20: "M_PS_NA_1", 21: "M_ME_ND_1",
		30: "M_SP_TB_1", 31: "M_DP_TB_1", 32: "M_ST_TB_1", 33: "M_BO_TB_1", 34: "M_ME_TD_1", 35: "M_ME_TE_1", 36: "M_ME_TF_1", 37: "M_IT_TB_1",
		38: "M_EP_TD_1", 39: "M_EP_TE_1", 40: "M_EP_TF_1",
		45: "C_SC_NA_1", 46: "C_DC_NA_1", 47: "C_RC_NA_1", 48: "C_SE_NA_1", 49: "C_SE_NB_1", 50: "C_SE_NC_1", 51: "C_BO_NA_1",
		58: "C_SC_TA_1", 59: "C_DC_TA_1", 60: "C_RC_TA_1", 61: "C_SE_TA_1", 62: "C_SE_TB_1", 63: "C_SE_TC_1", 64: "C_BO_TA_1",
		70: "M_EI_NA_1", 100: "C_IC_NA_1", 101: "C_CI_NA_1", 102: "C_RD_NA_1", 103: "C_CS_NA_1", 104: "C_TS_NA_1", 105: "C_RP_NA_1",
		106: "C_CD_NA_1", 107: "C_TS_TA_1", 110: "P_ME_NA_1", 111: "P_ME_NB_1", 112: "P_ME_NC_1", 113: "P_AC_NA_1",
		120: "F_FR_NA_1", 121: "F_SR_NA_1", 122: "F_SC_NA_1", 123: "F_LS_NA_1", 124: "F_AF_NA_1", 125: "F_SG_NA_1", 126: "F_DR_TA_1", 127: "F_SC_NB_1",
	}
	if name, ok := names[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// A Cause is a cause of transmission (101 §7.2.3), 0 to 63.
type Cause uint8

// The causes that code names.
const (
	Cyclic          Cause = 1
	Background      Cause = 2
	Spontaneous     Cause = 3
	Initialized     Cause = 4
	Requested       Cause = 5
	Activation      Cause = 6
	ActivationCon   Cause = 7
	Deactivation    Cause = 8
	DeactivationCon Cause = 9
	ActivationTerm  Cause = 10
	ReturnRemote    Cause = 11
	ReturnLocal     Cause = 12
	FileTransfer    Cause = 13
	Interrogated    Cause = 20 // by station; 21 to 36 by group 1 to 16
	CountersAsked   Cause = 37 // general; 38 to 41 group 1 to 4
	UnknownType     Cause = 44
	UnknownCause    Cause = 45
	UnknownCommon   Cause = 46
	UnknownObject   Cause = 47
)
