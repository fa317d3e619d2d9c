using Blip.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Blip.Functions;

/// <summary>
/// Answers a request whose call does not begin: the platform sends both, and under more load than the machine takes the call's message is
/// read too late. After 5 seconds the worker gives up with an exception, which would be an empty 500.
/// </summary>
internal sealed class LateCalls : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseBlipProblems();
        next(app);
    };
}
