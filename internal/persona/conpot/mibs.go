package conpot

// mibs are lines of name, OID, type and flags: "table" for a column, whose index
// is 1 where the template gives none, "rw" for what managers may set.
const mibs = `
sysDescr 1.3.6.1.2.1.1.1 text
sysObjectID 1.3.6.1.2.1.1.2 oid
sysUpTime 1.3.6.1.2.1.1.3 ticks
sysContact 1.3.6.1.2.1.1.4 text rw
sysName 1.3.6.1.2.1.1.5 text rw
sysLocation 1.3.6.1.2.1.1.6 text rw
sysServices 1.3.6.1.2.1.1.7 integer
ifNumber 1.3.6.1.2.1.2.1 integer
ifIndex 1.3.6.1.2.1.2.2.1.1 integer table
ifDescr 1.3.6.1.2.1.2.2.1.2 text table
ifType 1.3.6.1.2.1.2.2.1.3 integer table
ifMtu 1.3.6.1.2.1.2.2.1.4 integer table
ifSpeed 1.3.6.1.2.1.2.2.1.5 gauge table
ifPhysAddress 1.3.6.1.2.1.2.2.1.6 octets table
ifAdminStatus 1.3.6.1.2.1.2.2.1.7 integer table
ifOperStatus 1.3.6.1.2.1.2.2.1.8 integer table
ifLastChange 1.3.6.1.2.1.2.2.1.9 ticks table
ifInOctets 1.3.6.1.2.1.2.2.1.10 counter table
ifInUcastPkts 1.3.6.1.2.1.2.2.1.11 counter table
ifInNUcastPkts 1.3.6.1.2.1.2.2.1.12 counter table
ifInDiscards 1.3.6.1.2.1.2.2.1.13 counter table
ifInErrors 1.3.6.1.2.1.2.2.1.14 counter table
ifInUnknownProtos 1.3.6.1.2.1.2.2.1.15 counter table
ifOutOctets 1.3.6.1.2.1.2.2.1.16 counter table
ifOutUcastPkts 1.3.6.1.2.1.2.2.1.17 counter table
ifOutNUcastPkts 1.3.6.1.2.1.2.2.1.18 counter table
ifOutDiscards 1.3.6.1.2.1.2.2.1.19 counter table
ifOutErrors 1.3.6.1.2.1.2.2.1.20 counter table
ifOutQLen 1.3.6.1.2.1.2.2.1.21 gauge table
ipForwarding 1.3.6.1.2.1.4.1 integer
ipDefaultTTL 1.3.6.1.2.1.4.2 integer
ipInReceives 1.3.6.1.2.1.4.3 counter
ipInHdrErrors 1.3.6.1.2.1.4.4 counter
ipInAddrErrors 1.3.6.1.2.1.4.5 counter
ipForwDatagrams 1.3.6.1.2.1.4.6 counter
ipInUnknownProtos 1.3.6.1.2.1.4.7 counter
ipInDiscards 1.3.6.1.2.1.4.8 counter
ipInDelivers 1.3.6.1.2.1.4.9 counter
ipOutRequests 1.3.6.1.2.1.4.10 counter
ipOutDiscards 1.3.6.1.2.1.4.11 counter
ipOutNoRoutes 1.3.6.1.2.1.4.12 counter
ipReasmTimeout 1.3.6.1.2.1.4.13 integer
ipReasmReqds 1.3.6.1.2.1.4.14 counter
ipReasmOKs 1.3.6.1.2.1.4.15 counter
ipReasmFails 1.3.6.1.2.1.4.16 counter
ipFragOKs 1.3.6.1.2.1.4.17 counter
ipFragFails 1.3.6.1.2.1.4.18 counter
ipFragCreates 1.3.6.1.2.1.4.19 counter
icmpInMsgs 1.3.6.1.2.1.5.1 counter
icmpInErrors 1.3.6.1.2.1.5.2 counter
icmpInDestUnreachs 1.3.6.1.2.1.5.3 counter
icmpInTimeExcds 1.3.6.1.2.1.5.4 counter
icmpInParmProbs 1.3.6.1.2.1.5.5 counter
icmpInSrcQuenchs 1.3.6.1.2.1.5.6 counter
icmpInRedirects 1.3.6.1.2.1.5.7 counter
icmpInEchos 1.3.6.1.2.1.5.8 counter
icmpInEchoReps 1.3.6.1.2.1.5.9 counter
icmpOutMsgs 1.3.6.1.2.1.5.14 counter
icmpOutErrors 1.3.6.1.2.1.5.15 counter
icmpOutDestUnreachs 1.3.6.1.2.1.5.16 counter
icmpOutTimeExcds 1.3.6.1.2.1.5.17 counter
icmpOutEchos 1.3.6.1.2.1.5.21 counter
icmpOutEchoReps 1.3.6.1.2.1.5.22 counter
tcpRtoAlgorithm 1.3.6.1.2.1.6.1 integer
tcpRtoMin 1.3.6.1.2.1.6.2 integer
tcpRtoMax 1.3.6.1.2.1.6.3 integer
tcpMaxConn 1.3.6.1.2.1.6.4 integer
tcpActiveOpens 1.3.6.1.2.1.6.5 counter
tcpPassiveOpens 1.3.6.1.2.1.6.6 counter
tcpAttemptFails 1.3.6.1.2.1.6.7 counter
tcpEstabResets 1.3.6.1.2.1.6.8 counter
tcpCurrEstab 1.3.6.1.2.1.6.9 gauge
tcpInSegs 1.3.6.1.2.1.6.10 counter
tcpOutSegs 1.3.6.1.2.1.6.11 counter
tcpRetransSegs 1.3.6.1.2.1.6.12 counter
tcpInErrs 1.3.6.1.2.1.6.14 counter
tcpOutRsts 1.3.6.1.2.1.6.15 counter
udpInDatagrams 1.3.6.1.2.1.7.1 counter
udpNoPorts 1.3.6.1.2.1.7.2 counter
udpInErrors 1.3.6.1.2.1.7.3 counter
udpOutDatagrams 1.3.6.1.2.1.7.4 counter
hrSystemUptime 1.3.6.1.2.1.25.1.1 ticks
hrSystemInitialLoadDevice 1.3.6.1.2.1.25.1.3 integer rw
hrSystemInitialLoadParameters 1.3.6.1.2.1.25.1.4 text rw
hrSystemNumUsers 1.3.6.1.2.1.25.1.5 gauge
hrSystemProcesses 1.3.6.1.2.1.25.1.6 gauge
hrSystemMaxProcesses 1.3.6.1.2.1.25.1.7 integer
hrMemorySize 1.3.6.1.2.1.25.2.2 integer
hrStorageIndex 1.3.6.1.2.1.25.2.3.1.1 integer table
hrStorageDescr 1.3.6.1.2.1.25.2.3.1.3 text table
hrStorageAllocationUnits 1.3.6.1.2.1.25.2.3.1.4 integer table
hrStorageSize 1.3.6.1.2.1.25.2.3.1.5 integer table
hrStorageUsed 1.3.6.1.2.1.25.2.3.1.6 integer table
hrStorageAllocationFailures 1.3.6.1.2.1.25.2.3.1.7 counter table
hrDeviceIndex 1.3.6.1.2.1.25.3.2.1.1 integer table
hrDeviceDescr 1.3.6.1.2.1.25.3.2.1.3 text table
hrDeviceStatus 1.3.6.1.2.1.25.3.2.1.5 integer table
hrDeviceErrors 1.3.6.1.2.1.25.3.2.1.6 counter table
hrProcessorLoad 1.3.6.1.2.1.25.3.3.1.2 integer table
hrNetworkIfIndex 1.3.6.1.2.1.25.3.4.1.1 integer table
hrDiskStorageAccess 1.3.6.1.2.1.25.3.6.1.1 integer table
hrDiskStorageMedia 1.3.6.1.2.1.25.3.6.1.2 integer table
hrDiskStorageRemoveble 1.3.6.1.2.1.25.3.6.1.3 truth table
hrDiskStorageCapacity 1.3.6.1.2.1.25.3.6.1.4 integer table
hrFSIndex 1.3.6.1.2.1.25.3.8.1.1 integer table
hrFSMountPoint 1.3.6.1.2.1.25.3.8.1.2 text table
hrSWOSIndex 1.3.6.1.2.1.25.4.1 integer
hrSWRunIndex 1.3.6.1.2.1.25.4.2.1.1 integer table
hrSWRunName 1.3.6.1.2.1.25.4.2.1.2 text table
hrSWRunPath 1.3.6.1.2.1.25.4.2.1.4 text table
hrSWRunParameters 1.3.6.1.2.1.25.4.2.1.5 text table
hrSWRunType 1.3.6.1.2.1.25.4.2.1.6 integer table
hrSWRunStatus 1.3.6.1.2.1.25.4.2.1.7 integer table
hrSWRunPerfCPU 1.3.6.1.2.1.25.5.1.1.1 integer table
hrSWRunPerfMem 1.3.6.1.2.1.25.5.1.1.2 integer table
`
