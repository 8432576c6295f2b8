"""Tables of persistent volumes and claims as Go's internal structs; see podspec/golang.py."""

from __future__ import annotations

from typing import Final

TABLES: Final = {
    "SecretReference": 'Name="" Namespace=""',
    "PersistentVolumeSource": (
        "GCEPersistentDisk:gcePersistentDisk>Disk AWSElasticBlockStore:awsElasticBlockStore>BlockStore "
        "HostPath>HostPath Glusterfs>Gluster NFS:nfs>NFS RBD:rbd>RadosBlock Quobyte>Quobyte "
        "ISCSI:iscsi>PersistentISCSI FlexVolume>Flex Cinder>Cinder CephFS:cephfs>Ceph FC:fc>FibreChannel "
        "Flocker>Flocker "
        "AzureFile>AzureFile VsphereVolume>Vsphere AzureDisk>AzureDisk PhotonPersistentDisk>Photon "
        "PortworxVolume>Portworx "
        "ScaleIO:scaleIO>PersistentScaleIO Local>Local StorageOS:storageos>PersistentStorageOS CSI:csi>PersistentCSI"
    ),
    "Disk": 'PDName:pdName="" FSType:fsType="" Partition=0 ReadOnly=f',
    "BlockStore": 'VolumeID:volumeID="" FSType:fsType="" Partition=0 ReadOnly=f',
    "Gluster": 'EndpointsName:endpoints="" Path="" ReadOnly=f EndpointsNamespace',
    "RadosBlock": (
        'CephMonitors:monitors RBDImage:image="" FSType:fsType="" RBDPool:pool="" RadosUser:user="" Keyring="" '
        "SecretRef>SecretReference ReadOnly=f"
    ),
    "Quobyte": 'Registry="" Volume="" ReadOnly=f User="" Group="" Tenant=""',
    "PersistentISCSI": (
        'TargetPortal="" IQN:iqn="" Lun=0 ISCSIInterface:iscsiInterface="" FSType:fsType="" ReadOnly=f '
        "Portals DiscoveryCHAPAuth:chapAuthDiscovery=f SessionCHAPAuth:chapAuthSession=f SecretRef>SecretReference "
        "InitiatorName"
    ),
    "Flex": 'Driver="" FSType:fsType="" SecretRef>SecretReference ReadOnly=f Options',
    "Cinder": 'VolumeID:volumeID="" FSType:fsType="" ReadOnly=f SecretRef>SecretReference',
    "Ceph": 'Monitors Path="" User="" SecretFile="" SecretRef>SecretReference ReadOnly=f',
    "FibreChannel": 'TargetWWNs:targetWWNs Lun FSType:fsType="" ReadOnly=f WWIDs:wwids',
    "Flocker": 'DatasetName="" DatasetUUID:datasetUUID=""',
    "AzureFile": 'SecretName="" ShareName="" ReadOnly=f SecretNamespace',
    "Vsphere": 'VolumePath="" FSType:fsType="" StoragePolicyName="" StoragePolicyID:storagePolicyID=""',
    "AzureDisk": 'DiskName="" DataDiskURI:diskURI="" CachingMode FSType:fsType ReadOnly Kind',
    "Photon": 'PdID:pdID="" FSType:fsType=""',
    "Portworx": 'VolumeID:volumeID="" FSType:fsType="" ReadOnly=f',
    "PersistentScaleIO": (
        'Gateway="" System="" SecretRef>SecretReference SSLEnabled:sslEnabled=f ProtectionDomain="" StoragePool="" '
        'StorageMode="" VolumeName="" FSType:fsType="" ReadOnly=f'
    ),
    "Local": 'Path="" FSType:fsType',
    "PersistentStorageOS": 'VolumeName="" VolumeNamespace="" FSType:fsType="" ReadOnly=f SecretRef',
    "PersistentCSI": (
        'Driver="" VolumeHandle="" ReadOnly=f FSType:fsType="" VolumeAttributes '
        "ControllerPublishSecretRef>SecretReference NodeStageSecretRef>SecretReference "
        "NodePublishSecretRef>SecretReference ControllerExpandSecretRef>SecretReference "
        "NodeExpandSecretRef>SecretReference"
    ),
    "VolumeNodeAffinity": "Required>NodeSelector",
    "NodeSelector": "NodeSelectorTerms>NodeSelectorTerm",
    "NodeSelectorTerm": "MatchExpressions>NodeSelectorRequirement MatchFields>NodeSelectorRequirement",
    "NodeSelectorRequirement": 'Key="" Operator="" Values',
    "PersistentVolumeClaimSpec": (
        'AccessModes Selector Resources={}>VolumeResources VolumeName="" StorageClassName VolumeMode '
        "DataSource>TypedReference DataSourceRef>TypedObjectReference VolumeAttributesClassName"
    ),
    "VolumeResources": "Limits Requests",
    "TypedReference": 'APIGroup:apiGroup Kind="" Name=""',
    "TypedObjectReference": 'APIGroup:apiGroup Kind="" Name="" Namespace',
}
