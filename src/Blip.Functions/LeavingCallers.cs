using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace Blip.Functions;

/// <summary>
/// A caller that leaves cancels its call. That is not a failure of the app: it must not be one in the telemetry or count for the alert.
/// </summary>
internal sealed class LeavingCallers : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested && IsHttp(context) && HasLeft(context))
        {
        }
    }

    private static bool IsHttp(FunctionContext context) =>
        context.FunctionDefinition.InputBindings.Values.Any(binding => binding.Type == "httpTrigger");

    // One that leaves early takes its request away before the call has it.
    private static bool HasLeft(FunctionContext context) =>
        context.GetHttpContext() is not { RequestAborted.IsCancellationRequested: false };
}
