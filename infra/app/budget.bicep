@description('Amount a month in the currency of the subscription.')
param amount int

@description('First day of the month in which it starts, yyyy-MM-01.')
param start string

@description('Address that is told besides the owners of the resource group; empty for the owners alone.')
param email string

var recipients = {
  enabled: true
  operator: 'GreaterThan'
  contactEmails: empty(email) ? [] : [email]
  contactRoles: ['Owner']
}

// A budget tells; it stops nothing.
resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'blip'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: start
    }
    notifications: {
      half: union(recipients, { threshold: 50, thresholdType: 'Actual' })
      all: union(recipients, { threshold: 100, thresholdType: 'Actual' })
      forecast: union(recipients, { threshold: 100, thresholdType: 'Forecasted' })
    }
  }
}
