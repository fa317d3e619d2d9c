@description('Name of the storage account: 3 to 24 lower-case letters and digits.')
param name string

@description('Region of the account.')
param location string

@description('Tags of the account.')
param tags object

@description('Container into which images are uploaded.')
param imagesContainer string

@description('Container into which answers are written.')
param answersContainer string

@description('Container that receives events which could not be delivered.')
param deadLettersContainer string

@description('Container that holds the deployment package; empty for none.')
param packageContainer string

@description('Name of the identity under which the app runs: known before it exists, so that role assignments can be previewed.')
param identityName string

@description('Principal of that identity.')
param identityPrincipalId string

@description('Name of the identity under which the platform stores and reads the deployment package.')
param deploymentIdentityName string

@description('Principal of that identity; empty where there is no package.')
param deploymentPrincipalId string

@description('Principal that may read and write images and answers by hand, usually the one who deploys; empty for nobody.')
param userPrincipalId string

@description('Workspace that receives the log of writes to queues, from which the poison queue alert reads.')
param workspaceId string

@description('Whether only private endpoints and the allowed addresses reach the account.')
param isPrivate bool

@description('Public addresses or ranges that reach a private account too.')
param allowedAddresses string[]

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'

// The host keeps locks and receipts in the one, keys in the other, and would make them itself if the app were allowed to.
var hostContainers = ['azure-webjobs-hosts', 'azure-webjobs-secrets']

// The host gives an image up after five tries, and puts it here.
var poisonQueue = 'webjobs-blobtrigger-poison'

var hostGrants = map(hostContainers, container => {
  container: container
  role: blobDataOwner
  principal: identityPrincipalId
  name: identityName
})
var appGrants = map([imagesContainer, answersContainer], container => {
  container: container
  role: blobDataContributor
  principal: identityPrincipalId
  name: identityName
})
var packageGrants = empty(packageContainer)
  ? []
  : [
      {
        container: packageContainer
        role: blobDataContributor
        principal: deploymentPrincipalId
        name: deploymentIdentityName
      }
    ]
var grants = concat(hostGrants, appGrants, packageGrants)
var containers = concat(map(grants, grant => grant.container), [deadLettersContainer])
var userContainers = empty(userPrincipalId) ? [] : [imagesContainer, answersContainer]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      // Event Grid writes dead letters from outside the network.
      bypass: 'AzureServices'
      ipRules: [for address in allowedAddresses: { action: 'Allow', value: address }]
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: {
        enabled: true
        days: 7
      }
    }
  }

  resource queues 'queueServices' = {
    name: 'default'

    resource poison 'queues' = {
      name: poisonQueue
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in containers: {
    parent: account::blobs
    name: container
    properties: {
      publicAccess: 'None'
    }
  }
]

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in grants: {
    name: guid(container[i].id, grant.name, grant.role)
    scope: container[i]
    properties: {
      principalId: grant.principal
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
    }
  }
]

// Of the whole account: the host makes queues whose names only it knows.
resource queueGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityName, queueDataContributor)
  scope: account
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
  }
}

// No principal type: a person deploys from a desk, a service principal from a pipeline.
resource userGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in userContainers: {
    name: guid(container[length(hostContainers) + i].id, userPrincipalId, blobDataContributor)
    scope: container[length(hostContainers) + i]
    properties: {
      principalId: userPrincipalId
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    }
  }
]

// To look at what was given up, and to bring it back.
resource userQueueGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(userPrincipalId)) {
  name: guid(account::queues::poison.id, userPrincipalId, queueDataContributor)
  scope: account::queues::poison
  properties: {
    principalId: userPrincipalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
  }
}

resource queueWrites 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'queue-writes'
  scope: account::queues
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
    ]
  }
}

output blobUri string = account.properties.primaryEndpoints.blob
output queueUri string = account.properties.primaryEndpoints.queue
