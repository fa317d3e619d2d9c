using Blip.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Blip.Functions;

/// <summary>The endpoints that every other host maps, as the result of a function: the request runs through the same pipeline. Built once; thread-safe.</summary>
internal sealed class SharedEndpoints : IResult
{
    private readonly RequestDelegate _pipeline;

    /// <param name="services">The application's own provider, not a request's: the pipeline outlives them all.</param>
    public SharedEndpoints(IServiceProvider services)
    {
        ApplicationBuilder app = new(services);
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseRouting();
        app.UseEndpoints(endpoints => endpoints.MapBlip());
        _pipeline = app.Build();
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        // Routed once already, to the worker's own endpoint; without this it would come back there.
        httpContext.SetEndpoint(null);
        httpContext.Request.RouteValues.Clear();
        return _pipeline(httpContext);
    }
}
