package wire

import "strconv"

// ConfirmedName returns a confirmed service's name as operations are recorded.
func ConfirmedName(n uint8) string {
	names := [...]string{
		"acknowledge_alarm", "confirmed_cov_notification", "confirmed_event_notification", "get_alarm_summary",
		"get_enrollment_summary", "subscribe_cov", "atomic_read_file", "atomic_write_file", "add_list_element",
		"remove_list_element", "create_object", "delete_object", "read_property", "read_property_conditional",
		"read_property_multiple", "write_property", "write_property_multiple", "device_communication_control",
		"confirmed_private_transfer", "confirmed_text_message", "reinitialize_device", "vt_open", "vt_close", "vt_data",
		"authenticate", "request_key", "read_range", "life_safety_operation", "subscribe_cov_property",
		"get_event_information", "subscribe_cov_property_multiple", "confirmed_cov_notification_multiple",
		"confirmed_audit_notification", "audit_log_query",
	}
	if int(n) < len(names) {
		return names[n]
	}
	return "unknown_confirmed_service"
}

// UnconfirmedName returns an unconfirmed service's name as operations are recorded.
func UnconfirmedName(n uint8) string {
	names := [...]string{
		"i_am", "i_have", "unconfirmed_cov_notification", "unconfirmed_event_notification", "unconfirmed_private_transfer",
		"unconfirmed_text_message", "time_synchronization", "who_has", "who_is", "utc_time_synchronization", "write_group",
		"unconfirmed_cov_notification_multiple", "unconfirmed_audit_notification", "who_am_i", "you_are",
	}
	if int(n) < len(names) {
		return names[n]
	}
	return "unknown_unconfirmed_service"
}

// FunctionName returns a BVLC function's name as operations are recorded.
func FunctionName(n uint8) string {
	names := [...]string{
		"bvlc_result", "write_broadcast_distribution_table", "read_broadcast_distribution_table",
		"read_broadcast_distribution_table_ack", "forwarded_npdu", "register_foreign_device", "read_foreign_device_table",
		"read_foreign_device_table_ack", "delete_foreign_device_table_entry", "distribute_broadcast_to_network",
		"original_unicast_npdu", "original_broadcast_npdu", "secure_bvll",
	}
	if int(n) < len(names) {
		return names[n]
	}
	return "unknown_bvlc_function"
}

// NetworkName returns a network layer message's name as operations are recorded.
func NetworkName(n uint8) string {
	switch n {
	case NetWhoIsRouter:
		return "who_is_router_to_network"
	case NetIAmRouter:
		return "i_am_router_to_network"
	case NetICouldBeRouter:
		return "i_could_be_router_to_network"
	case NetReject:
		return "reject_message_to_network"
	case NetRouterBusy:
		return "router_busy_to_network"
	case NetRouterAvailable:
		return "router_available_to_network"
	case NetInitTable:
		return "initialize_routing_table"
	case NetInitTableAck:
		return "initialize_routing_table_ack"
	case NetEstablish:
		return "establish_connection_to_network"
	case NetDisconnect:
		return "disconnect_connection_to_network"
	case NetWhatIsNumber:
		return "what_is_network_number"
	case NetNumberIs:
		return "network_number_is"
	}
	if n >= netFirstProprietary {
		return "proprietary_network_message"
	}
	return "unknown_network_message"
}

// APDUName names the frames that only answer.
func APDUName(kind uint8) string {
	names := [...]string{"confirmed_request", "unconfirmed_request", "simple_ack", "complex_ack", "segment_ack", "error", "reject", "abort"}
	if int(kind) < len(names) {
		return names[kind]
	}
	return "unknown_apdu_type"
}

func numbered(list string, n uint32, from func(string, uint32) string) string {
	if s := from(list, n); s != "" {
		return s
	}
	return strconv.FormatUint(uint64(n), 10)
}
