using Slice.Benchmarks.Simulate.Fleet;

namespace Slice.Tests.Simulate;

/// <summary>Generated requests for a fleet.</summary>
public sealed class FleetTraceTests
{
    private static readonly FleetOptions s_options = new() { Objects = 200, Requests = 4000, Releases = 3, ReleaseRequests = 50 };

    private readonly FleetTrace _trace = new(s_options);

    [Fact]
    public void Same_seed_gives_the_same_requests_and_another_one_others()
    {
        Assert.Equal(_trace.Requests(), new FleetTrace(s_options).Requests());
        Assert.NotEqual(_trace.Requests(), new FleetTrace(s_options with { Seed = 2 }).Requests());
    }

    [Fact]
    public void Requests_come_in_the_order_of_time_at_the_rate_that_was_asked_for()
    {
        FleetRequest[] requests = [.. _trace.Requests()];

        Assert.Equal(s_options.Requests, requests.Count(request => request.Object < s_options.Objects));
        Assert.Equal(requests.Select(request => request.AtSeconds).Order(), requests.Select(request => request.AtSeconds));
        Assert.InRange(requests[^1].AtSeconds, 3.8, 4.2);
    }

    [Fact]
    public void Every_request_lies_within_its_object() => Assert.All(_trace.Requests(), request =>
    {
        int first = _trace.Catalogue.FirstSliceOf(request.Object);
        Assert.InRange(request.FirstSlice, first, first + _trace.Catalogue.SlicesOf(request.Object) - 1);
        Assert.InRange(request.Slices, 1, first + _trace.Catalogue.SlicesOf(request.Object) - request.FirstSlice);
    });

    [Fact]
    public void New_objects_are_asked_for_in_the_second_half_alone()
    {
        FleetRequest[] requests = [.. _trace.Requests().Where(request => request.Object >= s_options.Objects)];

        Assert.NotEmpty(requests);
        Assert.All(requests, request => Assert.True(request.AtSeconds >= 2));
    }

    [Theory]
    [InlineData("Fixed", 0.0)]
    [InlineData("Exponential", 0.05)]
    [InlineData("LogNormal", 0.15)]
    public void Lengths_have_the_mean_that_was_asked_for(string distribution, double tolerance)
    {
        const int Objects = 20_000;
        var catalogue = new Catalogue(Objects, meanSlices: 40, Enum.Parse<SizeDistribution>(distribution), seed: 1);

        Assert.InRange(catalogue.Slices, 40 * Objects * (1 - tolerance), 40 * Objects * (1 + tolerance));
        Assert.All(Enumerable.Range(0, Objects), index => Assert.True(catalogue.SlicesOf(index) >= 1));
        Assert.Equal(tolerance == 0, Enumerable.Range(0, Objects).Select(catalogue.SlicesOf).Distinct().Count() == 1);
    }
}
