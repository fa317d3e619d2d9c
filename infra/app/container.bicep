@description('Name of the container app.')
param name string

@description('Name of its environment.')
param environmentName string

@description('Name of the container registry: 5 to 50 letters and digits.')
param registryName string

@description('Region of all three.')
param location string

@description('Tags of all three.')
param tags object

@description('Resource id of the managed identity under which the app runs and pulls its image.')
param identityId string

@description('Name of the identity under which the app runs: known before it exists, so that role assignments can be previewed.')
param identityName string

@description('Principal of that identity.')
param identityPrincipalId string

@description('Workspace that receives the logs of containers and platform.')
param workspaceId string

@description('Image to run; empty on the first deployment, when the registry is empty and a public image stands in.')
param image string

@description('Workload profile: Consumption has no GPU.')
@allowed([
  'Consumption'
  'Consumption-GPU-NC8as-T4'
  'Consumption-GPU-NC24-A100'
])
param workloadProfile string

@description('Replicas kept while nothing happens; 0 scales to zero.')
@minValue(0)
param minimumReplicas int

@description('Most replicas at a time; each needs a GPU of its own.')
@minValue(1)
@maxValue(1000)
param maximumReplicas int

@description('Environment variables of the container.')
param settings object

@description('Origins of web pages that may call the app.')
param corsOrigins string[]

@description('Resource id of the subnet in which the environment runs; empty for none.')
param subnetId string

var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var placeholder = 'mcr.microsoft.com/azure-functions/dotnet8-quickstart-demo:1.0'
var hasGpu = workloadProfile != 'Consumption'
// Our own image has no root user, and so no port below 1024.
var port = empty(image) ? 80 : 8080

// A GPU profile is taken whole by one replica; Consumption offers at most 4 cores and 8 GiB.
var sizes = {
  Consumption: { cpu: 4, memory: '8Gi' }
  'Consumption-GPU-NC8as-T4': { cpu: 8, memory: '56Gi' }
  'Consumption-GPU-NC24-A100': { cpu: 24, memory: '220Gi' }
}

// Only our own image has these addresses.
var probes = empty(image)
  ? []
  : [
      {
        type: 'Startup'
        httpGet: { path: '/health/live', port: port }
        periodSeconds: 30
        failureThreshold: 10
      }
      {
        type: 'Liveness'
        httpGet: { path: '/health/live', port: port }
        periodSeconds: 30
        timeoutSeconds: 10
      }
      {
        type: 'Readiness'
        httpGet: { path: '/health/ready', port: port }
        periodSeconds: 10
        timeoutSeconds: 5
      }
    ]

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: registryName
  location: location
  tags: tags
  sku: {
    name: 'Basic'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
  }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identityName, acrPull)
  scope: registry
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    // Logs go by a diagnostic setting: the other way needs the workspace's shared key.
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    vnetConfiguration: empty(subnetId) ? null : { infrastructureSubnetId: subnetId, internal: false }
    workloadProfiles: union(
      [{ name: 'Consumption', workloadProfileType: 'Consumption' }],
      hasGpu ? [{ name: 'gpu', workloadProfileType: workloadProfile }] : []
    )
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'functions-container' })
  kind: 'functionapp'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    managedEnvironmentId: environment.id
    workloadProfileName: hasGpu ? 'gpu' : 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: port
        transport: 'auto'
        allowInsecure: false
        corsPolicy: empty(corsOrigins)
          ? null
          : {
              allowedOrigins: corsOrigins
              allowedMethods: ['*']
              allowedHeaders: ['*']
              exposeHeaders: ['Retry-After', 'x-request-id']
            }
      }
      registries: [
        {
          server: registry.properties.loginServer
          identity: identityId
        }
      ]
    }
    template: {
      containers: [
        {
          name: 'functions'
          image: empty(image) ? placeholder : image
          resources: {
            cpu: sizes[workloadProfile].cpu
            memory: sizes[workloadProfile].memory
          }
          env: map(items(settings), setting => { name: setting.key, value: setting.value })
          probes: probes
        }
      ]
      scale: {
        minReplicas: minimumReplicas
        maxReplicas: maximumReplicas
      }
    }
  }
  dependsOn: [
    pull
  ]
}

output name string = app.name
output host string = app.properties.configuration.ingress.fqdn
output registry string = registry.properties.loginServer
