package wire

import (
	"strconv"
	"strings"
)

// ObjectTypeName returns an object type's name, 21 BACnetObjectType; one without
// a name as its number.
func ObjectTypeName(n uint16) string { return numbered(objectTypes, uint32(n), nameOf) }

// PropertyName returns a property's name, 21 BACnetPropertyIdentifier.
func PropertyName(n uint32) string { return numbered(properties, n, nameOf) }

// UnitName returns an engineering unit's name, 21 BACnetEngineeringUnits.
func UnitName(n uint32) string { return numbered(units, n, nameOf) }

// ErrorClassName returns an error class's name, 18.2.
func ErrorClassName(n uint32) string { return numbered(errorClasses, n, nameOf) }

// ErrorCodeName returns an error code's name, 18.3.
func ErrorCodeName(n uint32) string { return numbered(errorCodes, n, nameOf) }

// ParseProperty returns the property of a name or number.
func ParseProperty(s string) (uint32, bool) { return numberOf(properties, s) }

// ParseUnit returns the unit of a name or number.
func ParseUnit(s string) (uint32, bool) { return numberOf(units, s) }

// ParseObjectID reads an identifier as String writes it.
func ParseObjectID(s string) (ObjectID, bool) {
	name, digits, _ := strings.Cut(s, ",")
	kind, ok := numberOf(objectTypes, name)
	instance, err := strconv.ParseUint(digits, 10, 32)
	return NewObjectID(uint16(kind), uint32(instance)), ok && kind < 1024 && err == nil && instance < MaxInstance
}

// nameOf finds a number in a list of "number name" words; "" where it is not there.
func nameOf(list string, n uint32) string {
	word := " " + strconv.FormatUint(uint64(n), 10) + "="
	_, rest, found := strings.Cut(list, word)
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(rest, " ")
	return name
}

// numberOf finds a name in such a list; a number stands for itself.
func numberOf(list, name string) (uint32, bool) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), true
	}
	before, _, found := strings.Cut(list, "="+name+" ")
	if !found || name == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(before[strings.LastIndexByte(before, ' ')+1:], 10, 32)
	return uint32(n), err == nil
}

const objectTypes = ` 0=analog-input 1=analog-output 2=analog-value 3=binary-input 4=binary-output 5=binary-value 6=calendar 7=command` +
	` 8=device 9=event-enrollment 10=file 11=group 12=loop 13=multi-state-input 14=multi-state-output 15=notification-class` +
	` 16=program 17=schedule 18=averaging 19=multi-state-value 20=trend-log 21=life-safety-point 22=life-safety-zone` +
	` 23=accumulator 24=pulse-converter 25=event-log 26=global-group 27=trend-log-multiple 28=load-control` +
	` 29=structured-view 30=access-door 31=timer 56=network-port `

const properties = ` 0=acked-transitions 1=ack-required 2=action 4=active-text 5=active-vt-sessions 6=alarm-value 7=alarm-values` +
	` 8=all 10=apdu-segment-timeout 11=apdu-timeout 12=application-software-version 13=archive 14=bias` +
	` 15=change-of-state-count 16=change-of-state-time 17=notification-class 19=controlled-variable-reference` +
	` 20=controlled-variable-units 21=controlled-variable-value 22=cov-increment 23=date-list 24=daylight-savings-status` +
	` 25=deadband 26=derivative-constant 28=description 30=device-address-binding 31=device-type 32=effective-period` +
	` 33=elapsed-active-time 35=event-enable 36=event-state 38=exception-schedule 41=file-access-method 42=file-size` +
	` 43=file-type 44=firmware-revision 45=high-limit 46=inactive-text 49=integral-constant 52=limit-enable` +
	` 54=list-of-object-property-references 56=local-date 57=local-time 58=location 59=low-limit` +
	` 60=manipulated-variable-reference 61=maximum-output 62=max-apdu-length-accepted 63=max-info-frames 64=max-master` +
	` 65=max-pres-value 66=minimum-off-time 67=minimum-on-time 68=minimum-output 69=min-pres-value 70=model-name` +
	` 71=modification-date 72=notify-type 73=number-of-apdu-retries 74=number-of-states 75=object-identifier` +
	` 76=object-list 77=object-name 79=object-type 80=optional 81=out-of-service 82=output-units 83=event-parameters` +
	` 84=polarity 85=present-value 86=priority 87=priority-array 88=priority-for-writing 89=process-identifier` +
	` 90=program-change 91=program-location 92=program-state 93=proportional-constant 96=protocol-object-types-supported` +
	` 97=protocol-services-supported 98=protocol-version 99=read-only 100=reason-for-halt 102=recipient-list` +
	` 103=reliability 104=relinquish-default 105=required 106=resolution 107=segmentation-supported 108=setpoint` +
	` 109=setpoint-reference 110=state-text 111=status-flags 112=system-status 113=time-delay 116=time-synchronization-recipients` +
	` 117=units 118=update-interval 119=utc-offset 120=vendor-identifier 121=vendor-name 123=weekly-schedule` +
	` 126=buffer-size 127=client-cov-increment 128=cov-resubscription-interval 130=event-time-stamps 131=log-buffer` +
	` 132=log-device-object-property 133=enable 134=log-interval 137=notification-threshold 139=protocol-revision` +
	` 140=records-since-notification 141=record-count 142=start-time 143=stop-time 144=stop-when-full` +
	` 145=total-record-count 146=valid-samples 152=active-cov-subscriptions 153=backup-failure-timeout` +
	` 154=configuration-files 155=database-revision 156=direct-reading 157=last-restore-time` +
	` 167=max-segments-accepted 168=profile-name 173=last-notify-record 174=schedule-default 193=align-intervals 195=interval-offset` +
	` 196=last-restart-reason 197=logging-type 202=restart-notification-recipients 203=time-of-device-restart` +
	` 205=trigger 351=event-message-texts 352=event-message-texts-config 353=event-detection-enable 371=property-list 372=serial-number `

const units = ` 2=milliamperes 3=amperes 4=ohms 5=volts 9=kilovolt-amperes 15=power-factor 18=watt-hours 19=kilowatt-hours 27=hertz` +
	` 29=percent-relative-humidity 30=millimeters 31=meters 37=luxes 47=watts 48=kilowatts 53=pascals 54=kilopascals 55=bars` +
	` 62=degrees-celsius 63=degrees-kelvin 64=degrees-fahrenheit 70=days 71=hours 72=minutes 73=seconds 74=meters-per-second` +
	` 80=cubic-meters 82=liters 85=cubic-meters-per-second 87=liters-per-second 88=liters-per-minute 95=no-units` +
	` 96=parts-per-million 98=percent 104=revolutions-per-minute 118=centimeters 133=hectopascals 134=millibars` +
	` 135=cubic-meters-per-hour 136=liters-per-hour `

const errorClasses = ` 0=device 1=object 2=property 3=resources 4=security 5=services 6=vt 7=communication `

const errorCodes = ` 0=other 2=configuration-in-progress 3=device-busy 4=dynamic-creation-not-supported 5=file-access-denied` +
	` 7=inconsistent-parameters 8=inconsistent-selection-criterion 9=invalid-data-type 10=invalid-file-access-method` +
	` 11=invalid-file-start-position 13=invalid-parameter-data-type 14=invalid-time-stamp 16=missing-required-parameter` +
	` 17=no-objects-of-specified-type 18=no-space-for-object 19=no-space-to-add-list-element 20=no-space-to-write-property` +
	` 22=property-is-not-a-list 23=object-deletion-not-permitted 24=object-identifier-already-exists 25=operational-problem` +
	` 26=password-failure 27=read-access-denied 29=service-request-denied 30=timeout 31=unknown-object 32=unknown-property` +
	` 35=unsupported-object-type 37=value-out-of-range 40=write-access-denied 41=character-set-not-supported` +
	` 42=invalid-array-index 43=cov-subscription-failed 44=not-cov-property 45=optional-functionality-not-supported` +
	` 46=invalid-configuration-data 47=datatype-not-supported 48=duplicate-name 49=duplicate-object-id` +
	` 50=property-is-not-an-array 73=invalid-event-state 74=no-alarm-configured 80=parameter-out-of-range `
