@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Region of both.')
param location string

@description('Tags of both.')
param tags object

@description('Resource id of the managed identity under which the app runs.')
param identityId string

@description('Resource id of the managed identity under which the platform stores and reads the deployment package.')
param deploymentIdentityId string

@description('Address of the container that holds the deployment package.')
param packageUri string

@description('App settings.')
param settings object

@description('Memory of an instance in megabytes.')
@allowed([2048, 4096])
param instanceMemoryMB int

@description('Most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstances int

@description('Instances kept ready for HTTP; 0 scales to zero.')
@minValue(0)
param alwaysReady int

@description('Instances kept ready for images that arrive as blobs; 0 scales to zero.')
@minValue(0)
param alwaysReadyBlobs int

@description('HTTP requests that one instance takes at a time before another is started.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('Origins of web pages that may call the app.')
param corsOrigins string[]

@description('Resource id of the subnet through which the app reaches its storage account; empty for none.')
param subnetId string

var readyGroups = [
  { name: 'http', instanceCount: alwaysReady }
  { name: 'blob', instanceCount: alwaysReadyBlobs }
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
      '${deploymentIdentityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      cors: empty(corsOrigins) ? null : { allowedOrigins: corsOrigins }
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: deploymentIdentityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: filter(readyGroups, group => group.instanceCount > 0)
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: settings
  }

  // Publishing goes through the identity; user names and passwords stay off.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

output name string = site.name
output host string = site.properties.defaultHostName
