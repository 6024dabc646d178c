package enip

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
)

// Classes of object (volume 1, 5-1, and those of Logix).
const (
	identityObject    = 0x01
	messageRouter     = 0x02
	assemblyObject    = 0x04
	connectionManager = 0x06
	fileObject        = 0x37
	nameObject        = 0x64 // the controller's project name
	pcccObject        = 0x67
	programObject     = 0x68
	symbolObject      = 0x6b
	templateObject    = 0x6c
	clockObject       = 0x8b
	modeObject        = 0x8e
	firmwareObject    = 0xa1
	changesObject     = 0xac // what changes with the project
	portObject        = 0xf4
	tcpipObject       = 0xf5
	linkObject        = 0xf6
)

const executePCCC cip.Service = 0x4b // of class 0x67

// operation names a service and says what it attempts; class is the one that
// its path names, 0 for a symbol.
func operation(s cip.Service, class uint32) (string, event.Class) {
	switch s {
	case cip.GetAttributesAll:
		return "get_attributes_all", reading(class)
	case cip.GetAttributeList:
		return "get_attribute_list", reading(class)
	case cip.GetAttributeSingle:
		return "get_attribute_single", reading(class)
	case cip.FindNextInstance:
		return "find_next_object_instance", event.Enumerate
	case cip.GetMember:
		return "get_member", reading(class)
	case cip.SetAttributesAll:
		return "set_attributes_all", writing(class)
	case cip.SetAttributeList:
		return "set_attribute_list", writing(class)
	case cip.SetAttributeSingle:
		return "set_attribute_single", writing(class)
	case cip.SetMember:
		return "set_member", writing(class)
	case cip.Reset:
		return "reset", event.Restart
	case cip.Start:
		return "start", event.Mode
	case cip.Stop:
		return "stop", event.Mode
	case cip.Create:
		return "create", making(class)
	case cip.Delete:
		return "delete", making(class)
	case cip.ApplyAttributes:
		return "apply_attributes", event.Config
	case cip.Restore:
		return "restore", event.Config
	case cip.Save:
		return "save", event.Config
	case cip.NoOperation:
		return "no_operation", event.Other
	case cip.MultipleService:
		return "multiple_service_packet", event.Other
	}
	return own(s, class)
}

// own names a service whose code means something else in every class.
func own(s cip.Service, class uint32) (string, event.Class) {
	switch class {
	case connectionManager:
		return managing(s)
	case 0, symbolObject:
		return tagOperation(s)
	case templateObject:
		if s == readTag {
			return "read_template", event.Enumerate
		}
	case pcccObject:
		if s == executePCCC {
			return "execute_pccc", event.Other
		}
	case fileObject:
		return fileOperation(s)
	case firmwareObject:
		return "firmware_service", event.Firmware
	}
	if s == listInstances {
		return "get_instance_attribute_list", event.Enumerate
	}
	return "unknown_service", event.Other
}

func managing(s cip.Service) (string, event.Class) {
	switch s {
	case cip.UnconnectedSend:
		return "unconnected_send", event.Connect
	case cip.ForwardOpenService:
		return "forward_open", event.Connect
	case cip.LargeForwardOpen:
		return "large_forward_open", event.Connect
	case cip.ForwardCloseService:
		return "forward_close", event.Connect
	}
	return "unknown_service", event.Other
}

func tagOperation(s cip.Service) (string, event.Class) {
	switch s {
	case readTag:
		return "read_tag", event.Read
	case readTagFragmented:
		return "read_tag_fragmented", event.Read
	case writeTag:
		return "write_tag", event.Write
	case writeTagFragmented:
		return "write_tag_fragmented", event.Write
	case readModifyWriteTag:
		return "read_modify_write_tag", event.Write
	case listInstances:
		return "get_instance_attribute_list", event.Enumerate
	}
	return "unknown_service", event.Other
}

// fileOperation names a service of the File object (volume 1, 5-42).
func fileOperation(s cip.Service) (string, event.Class) {
	switch s {
	case 0x4b:
		return "initiate_upload", event.FileRead
	case 0x4c:
		return "initiate_download", event.FileWrite
	case 0x4d:
		return "initiate_partial_read", event.FileRead
	case 0x4e:
		return "initiate_partial_write", event.FileWrite
	case 0x4f:
		return "upload_transfer", event.FileRead
	case 0x50:
		return "download_transfer", event.FileWrite
	case 0x51:
		return "clear_file", event.FileWrite
	}
	return "unknown_service", event.Other
}

// reading is the class of getting attributes.
func reading(class uint32) event.Class {
	switch class {
	case identityObject, nameObject, 0x66:
		return event.Identify
	case messageRouter, connectionManager, programObject, symbolObject, templateObject, portObject, tcpipObject, linkObject:
		return event.Enumerate
	case fileObject:
		return event.FileRead
	}
	return event.Read
}

// writing is the class of setting attributes.
func writing(class uint32) event.Class {
	switch class {
	case assemblyObject, symbolObject, 0:
		return event.Write
	case fileObject:
		return event.FileWrite
	case firmwareObject:
		return event.Firmware
	case modeObject:
		return event.Mode
	case programObject, templateObject:
		return event.ProgramDownload
	}
	return event.Config
}

// making is the class of creating and deleting instances: of programs, symbols,
// templates and routines (0x68 to 0x72) that is programming.
func making(class uint32) event.Class {
	if class >= programObject && class <= 0x72 {
		return event.ProgramDownload
	}
	return writing(class)
}

// describePCCC returns the command and function of a PCCC message behind its
// requester id (1770-6.5.16, chapter 7), and what they attempt.
func describePCCC(p []byte) ([]byte, event.Class) {
	n := 0
	if len(p) > 0 {
		n = int(p[0])
	}
	if n == 0 || len(p) < n+4 {
		return nil, event.Malformed
	}
	command := p[n]
	if len(p) < n+5 {
		return []byte{command}, event.Other
	}
	function := p[n+4]
	what := []byte{command, function}
	switch {
	case command == 0x06 && function == 0x03: // diagnostic status
		return what, event.Identify
	case command == 0x06 && function == 0x00: // echo
		return what, event.Other
	case command == 0x01, command == 0x04:
		return what, event.Read
	case command == 0x00, command == 0x02, command == 0x05, command == 0x08:
		return what, event.Write
	case command != 0x0f:
		return what, event.Other
	}
	switch function {
	case 0x80, 0x3a: // change mode, set CPU mode
		return what, event.Mode
	case 0x00, 0x03, 0x18, 0x67, 0x79, 0xa9, 0xaa, 0xab, 0xaf, 0x26, 0x02:
		return what, event.Write
	case 0x01, 0x04, 0x17, 0x29, 0x68, 0xa1, 0xa2, 0xa7, 0x09:
		return what, event.Read
	case 0x50, 0x52, 0x57, 0x88: // download
		return what, event.ProgramDownload
	case 0x53, 0x55, 0x06: // upload
		return what, event.ProgramUpload
	}
	return what, event.Other
}
