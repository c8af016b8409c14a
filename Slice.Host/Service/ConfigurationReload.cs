using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Logging;
using Slice.Net.Certificates;

namespace Slice.Host.Service;

/// <summary>
/// SIGHUP: reads the configuration again. <c>log_level</c> takes effect at once; any other changed key is named in the log and waits for
/// a restart. An invalid configuration changes nothing and every error is logged.
/// </summary>
/// <remarks>
/// A service of the host, which starts it before Kestrel and disposes it last: uncaught, the signal ends the process, and whoever sees a
/// healthy instance may send it.
/// </remarks>
internal sealed partial class ConfigurationReload : IHostedService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly SliceOptions _running;
    private readonly ConfigurationRequest _request;
    private readonly LogThreshold _threshold;
    private readonly ILogger _logger;
    private PosixSignalRegistration? _signal;
    private ServerCertificate? _certificate;

    /// <param name="running">The configuration that was started with.</param>
    /// <param name="request">What to load.</param>
    /// <param name="threshold">Gets the new <c>log_level</c>.</param>
    /// <param name="loggers">Makes the log it reports to.</param>
    public ConfigurationReload(SliceOptions running, ConfigurationRequest request, LogThreshold threshold, ILoggerFactory loggers)
    {
        (_running, _request, _threshold) = (running, request, threshold);
        _logger = loggers.CreateLogger<ConfigurationReload>();
    }

    /// <summary>The certificate for clients that is in use; null without TLS, and until the instance runs.</summary>
    public ServerCertificate? Certificate
    {
        get => Volatile.Read(ref _certificate);
        set => Volatile.Write(ref _certificate, value);
    }

    /// <summary>Takes the signal over until it is disposed.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        return Task.CompletedTask;
    }

    /// <summary>Nothing: the signal stays taken over while running responses finish.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _signal?.Dispose();

    private void OnSignal(PosixSignalContext context)
    {
        // Without this the runtime ends the process, as the signal does by default.
        context.Cancel = true;
        lock (_lock)
        {
            try
            {
                Reload();
                ReloadCertificate();
            }
            catch (Exception error)
            {
                // The edge of the signal's thread: what arrives here is a defect of ours. It costs this reload, not the process.
                LogRefused(error.ToString());
            }
        }
    }

    private void Reload()
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(_request, Environment.GetEnvironmentVariable);
        if (loaded.Options is not SliceOptions options)
        {
            foreach (ConfigurationError error in loaded.Errors)
            {
                LogRefused(error.ToString());
            }

            return;
        }

        var waiting = OptionTable.Keys
            .Where(key => key.Name != "log_level" && IsChanged(key, options))
            .Select(key => key.Name);
        string keys = string.Join(", ", waiting);
        string level = LogSeverityText.Format(options.LogLevel);

        // The report passes the more talkative of both thresholds: one that hid itself would look like a signal that was ignored.
        if (!_logger.IsEnabled(LogLevel.Information))
        {
            _threshold.Set(options.LogLevel);
        }

        LogReloaded(level, keys.Length == 0 ? "none" : keys);
        _threshold.Set(options.LogLevel);
    }

    // Also when the configuration is as it was: certificates are renewed in place.
    private void ReloadCertificate()
    {
        if (Certificate is not { } certificate)
        {
            return;
        }

        string path = _running.Tls.Certificate!;
        if (certificate.Reload() is { } problem)
        {
            LogCertificateRefused(path, problem);
        }
        else
        {
            LogCertificateReloaded(path);
        }
    }

    // Lists are compared as text, for want of an equality of their own; a secret's text is a placeholder, whatever it is.
    private bool IsChanged(OptionKey key, SliceOptions options) => key.IsSecret
        ? !Equals(key.Read(options), key.Read(_running))
        : key.Format(key.Read(options)) != key.Format(key.Read(_running));

    [LoggerMessage(EventId = 20, EventName = "reload_refused", Level = LogLevel.Error, Message = "the configuration stays as it was: {problem}")]
    private partial void LogRefused(string problem);

    [LoggerMessage(EventId = 22, EventName = "certificate_refused", Level = LogLevel.Error, Message = "the certificate for clients stays as it was: {file}: {problem}")]
    private partial void LogCertificateRefused(string file, string problem);

    [LoggerMessage(EventId = 23, EventName = "certificate_reloaded", Level = LogLevel.Information, Message = "the certificate for clients was read again: {file}")]
    private partial void LogCertificateReloaded(string file);

    [LoggerMessage(EventId = 21, EventName = "reloaded", Level = LogLevel.Information, Message = "configuration read again: log_level is {severity}; changed keys that wait for a restart: {waiting}")]
    private partial void LogReloaded(string severity, string waiting);
}
