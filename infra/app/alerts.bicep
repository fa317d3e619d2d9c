@description('Start of the names of the rules.')
param prefix string

@description('Name of the action group.')
param actionGroupName string

@description('Region of the log rules.')
param location string

@description('Tags of all rules.')
param tags object

@description('Address that is told; empty makes rules that only show in the portal.')
param email string

@description('Workspace that holds requests and queue writes.')
param workspaceId string

@description('Resource id of the Event Grid system topic.')
param systemTopicId string

@description('Failed requests and invocations in 15 minutes above which the failure rule fires.')
@minValue(0)
param failures int

@description('95th percentile of the duration in milliseconds above which the latency rule fires.')
@minValue(1)
param latencyMs int

var actions = empty(email) ? [] : [actionGroup.id]

// A failed blob invocation has no HTTP status; a caller's own mistake (4xx) is nobody's alarm.
var rules = [
  {
    name: 'failures'
    text: 'Requests that ended in 5xx and invocations that threw.'
    severity: 2
    query: 'AppRequests | where Success == false and not(coalesce(toint(ResultCode), 0) between (400 .. 499)) | project TimeGenerated'
    threshold: failures
    measure: null
    aggregation: 'Count'
  }
  {
    name: 'latency'
    text: 'The slowest twentieth of all requests took longer than it should.'
    severity: 3
    query: 'AppRequests | where Name !contains "health" | summarize Milliseconds = percentile(DurationMs, 95) by bin(TimeGenerated, 15m)'
    threshold: latencyMs
    measure: 'Milliseconds'
    aggregation: 'Maximum'
  }
  {
    name: 'poison'
    text: 'An image failed five times and was put into the poison queue.'
    severity: 1
    query: 'StorageQueueLogs | where OperationName == "PutMessage" and Uri has "webjobs-blobtrigger-poison" | project TimeGenerated'
    threshold: 0
    measure: null
    aggregation: 'Count'
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'blip'
    emailReceivers: [
      {
        name: 'owner'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource logRule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Blip: ${rule.name}'
      description: rule.text
      enabled: true
      severity: rule.severity
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT15M'
      // The tables appear with their first rows.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.measure
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: actions
      }
    }
  }
]

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${prefix}-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up on an image and wrote its event to the dead letter container.'
    enabled: true
    severity: 1
    scopes: [systemTopicId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead-letters'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [for id in actions: { actionGroupId: id }]
  }
}
